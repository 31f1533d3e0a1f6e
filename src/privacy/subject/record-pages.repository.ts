import type { Sql } from '../../platform/database/database.js';

/** Runs work in a transaction of its own. */
export type Run = <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;

/** Tables whose rows of a tenant lie in the order of their ids. */
export type PagedTable = 'events' | 'audit_entries' | 'api_audit_logs';

/** Ids above `after` up to `upTo`. */
export interface RecordPage {
  after: string;
  upTo: string;
  /** No row follows it that was there when it was read. */
  isLast: boolean;
}

export const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const ROWS_PER_PAGE = 20_000;

/** The page of a tenant's rows that follows the id `after`; null when there is none. */
export async function nextPage(
  sql: Sql,
  table: PagedTable,
  tenantId: string,
  after: string,
): Promise<RecordPage | null> {
  const { rows } = await sql.query<{ id: string | null; n: number }>(
    `/* erasure.nextPage ${table} */ select max(id::text)::uuid as id, count(*)::int as n from
     (select id from ${table} where tenant_id = $1 and id > $2 order by id limit ${ROWS_PER_PAGE}) s`,
    [tenantId, after],
  );
  const { id = null, n = 0 } = rows[0] ?? {};
  return id === null ? null : { after, upTo: id, isLast: n < ROWS_PER_PAGE };
}

/** How long a preview may go on, and whether it had to stop. */
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

/** Works on every page of a table in order, each in a transaction of its own. */
export async function forEachPage(
  run: Run,
  table: PagedTable,
  tenantId: string,
  deadline: Deadline,
  work: (sql: Sql, page: RecordPage) => Promise<void>,
): Promise<void> {
  let after: string | null = FIRST_ID;
  while (after !== null && !deadline.isPassed()) {
    const from: string = after;
    after = await run(async (sql) => {
      const page = await nextPage(sql, table, tenantId, from);
      if (page === null) return null;
      await work(sql, page);
      return page.isLast ? null : page.upTo;
    });
  }
}
