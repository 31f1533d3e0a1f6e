import type { Sql } from '../platform/database.js';

/** Runs work in a transaction of its own. */
export type Run = <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

/** Tables whose rows of a tenant lie in the order of their ids. */
export type StretchTable = 'events' | 'audit_entries' | 'api_audit_logs';

/** Ids above `after` up to `upTo`. */
export interface Stretch {
  after: string;
  upTo: string;
}

export const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const ROWS_PER_STRETCH = 20_000;

/** The stretch of a tenant's rows that follows the id `after`; null when there is none. */
export async function nextStretch(
  sql: Sql,
  table: StretchTable,
  tenantId: string,
  after: string,
): Promise<Stretch | null> {
  const { rows } = await sql.query<{ id: string | null }>(
    `/* erasure.nextStretch ${table} */ select max(id::text)::uuid as id from
     (select id from ${table} where tenant_id = $1 and id > $2 order by id limit ${ROWS_PER_STRETCH}) s`,
    [tenantId, after],
  );
  const upTo = rows[0]?.id ?? null;
  return upTo === null ? null : { after, upTo };
}

/** How long a survey may go on; what it leaves out it says. */
export class Deadline {
  /** Whether something was left out. */
  passed = false;

  /** @param at milliseconds since 1970 */
  constructor(private readonly at: number) {}

  static readonly none = () => new Deadline(Infinity);

  isPassed(): boolean {
    if (Date.now() > this.at) this.passed = true;
    return this.passed;
  }
}

/** Every stretch of a table in order, each looked for when the one before is done. */
export async function* stretches(
  run: Run,
  table: StretchTable,
  tenantId: string,
  deadline: Deadline,
): AsyncGenerator<Stretch> {
  let after = FIRST_ID;
  while (!deadline.isPassed()) {
    const stretch = await run((sql) => nextStretch(sql, table, tenantId, after));
    if (stretch === null) return;
    yield stretch;
    after = stretch.upTo;
  }
}
