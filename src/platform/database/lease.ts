/** A row that this worker holds. */
export interface Leased {
  tenantId: string;
  id: string;
  /** Stands for this claim; whoever claims the row after it has another. */
  claim: string;
}

interface LeaseOptions {
  table: string;
  /** The column that, with `id`, names a row, and what claim() calls it; else tenant_id and tenantId. */
  owner?: { column: string; as: string };
  /** States of a row that waits, and that is held. */
  waiting: string;
  active: string;
  /** Columns by which the oldest comes first. */
  order: string;
  seconds: number;
}

/**
 * Rows with an owner, id, state, claimed_by, leased_until and started_at, each held by one worker at a time. A worker
 * that shows no sign of life for as long as the lease has lost its row to the next, so doing a step twice must change
 * nothing. What it makes are fragments of SQL out of constants.
 */
export class Lease {
  constructor(private readonly options: LeaseOptions) {}

  /** When a lease that is given or renewed now ends. By the clock, not the transaction, which may be long. */
  get end(): string {
    return `clock_timestamp() + interval '${this.options.seconds} seconds'`;
  }

  /** True of the row of $1, its owner, and $2, its id, as long as it is held under the claim $3. */
  get isHeld(): string {
    return `${this.owner.column} = $1 and id = $2 and claimed_by = $3 and state = '${this.options.active}'`;
  }

  private get owner() {
    return this.options.owner ?? { column: 'tenant_id', as: 'tenantId' };
  }

  /** Takes the oldest row that nobody holds, for the claim $1; `returning` speaks of it as `held`. */
  claim(name: string, returning: string, alsoWhere = 'true'): string {
    const { table, waiting, active, order } = this.options;
    const { column, as } = this.owner;
    return `/* ${name} */
      update ${table} held
      set state = '${active}', claimed_by = $1, leased_until = ${this.end}, started_at = coalesce(held.started_at, now())
      from (select ${column}, id from ${table}
            where state in ('${waiting}', '${active}') and (leased_until is null or leased_until < clock_timestamp())
              and ${alsoWhere}
            order by ${order} limit 1 for update skip locked) next
      where held.${column} = next.${column} and held.id = next.id
      returning held.${column} as "${as}", held.id, held.claimed_by as claim, ${returning}`;
  }
}

/** Values of $1 to $3. */
export const keyOf = ({ tenantId, id, claim }: Leased): [string, string, string] => [tenantId, id, claim];
