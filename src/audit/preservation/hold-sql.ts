import type { Sql } from '../../platform/database/database.js';

/** What stands of a hold beside its tenant: it covers one user or everybody, always or what is of a time. */
const STANDS = 'h.released_at is null';

/** True of holds `h` that cover what happened or was recorded at one of these times. */
export const coversTime = (...times: readonly string[]): string =>
  `(${times.map((time) => `((h.from_time is null or ${time} >= h.from_time) and (h.to_time is null or ${time} < h.to_time))`).join(' or ')})`;

/** True of rows of the tenant `tenant` that no hold `h` covers, which stands and meets `covers`. */
export const unlessHeld = (tenant: string, covers: string): string =>
  `not exists (select from retention_holds h where h.tenant_id = ${tenant} and ${STANDS} and ${covers})`;

function coversRecord(row: string, times: readonly string[]): string {
  const covers = coversTime(...times.map((time) => `${row}.${time}`));
  return `(h.user_id is null or h.user_id = ${row}.user_id) and ${covers}`;
}

/** Condition on events `e` and audit entries `e`: no hold that stands covers it. */
export const EVENT_IS_FREE = unlessHeld('e.tenant_id', coversRecord('e', ['event_time', 'received_at']));
export const ENTRY_IS_FREE = entryIsFree('e');

export function entryIsFree(row: string): string {
  return unlessHeld(`${row}.tenant_id`, coversRecord(row, ['occurred_at', 'created_at']));
}

/**
 * A step that removes something takes the first before it looks what is held, and whoever orders a hold the second: so
 * the hold waits for steps that have looked already, and every later one sees it.
 */
const LOCK_SHARED = `/* holds.lockShared */ select pg_advisory_xact_lock_shared(hashtext('tidemark.holds'))`;
const LOCK = `/* holds.lock */ select pg_advisory_xact_lock(hashtext('tidemark.holds'))`;

/** Until the end of this transaction no hold is ordered. Those that stand are seen by the statements that follow. */
export async function awaitHolds(sql: Sql): Promise<void> {
  await sql.query(LOCK_SHARED);
}

export async function lockHolds(sql: Sql): Promise<void> {
  await sql.query(LOCK);
}
