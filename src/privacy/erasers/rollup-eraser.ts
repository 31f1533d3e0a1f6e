import { Injectable } from '@nestjs/common';
import { IS_FAILED } from '../../analytics/rollups/counted-events.js';
import { startOfBucket } from '../../analytics/time/granularities.js';
import { lockKey } from '../../analytics/rollups/rollup-lock.js';
import type { Sql } from '../../platform/database/database.js';
import { HOUR_MS } from '../../platform/time/time.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';

/** Longer than the pool allows: events have no index by session, so all of some weeks may have to be read. */
const SETTINGS = `set local statement_timeout = 0`;
const LONG_TIMEOUT = { query_timeout: 6 * HOUR_MS };

const SESSIONS = `select value from privacy_erasure_values where tenant_id = $1 and erasure_id = $2 and kind = 'session'`;

const DELETE_USERS = `/* erasure.deleteUserDays */
with deleted as (
  delete from user_days where tenant_id = $1 and user_key in (select subject_key(s) from unnest($2::text[]) as s) returning 1
)
select count(*)::int as n from deleted`;

/** The day is at most one behind receipt, which the id tells: no event of an older id belongs to these days. */
const DELETE_SESSIONS = `/* erasure.deleteSessionDays */
with deleted as (
  delete from session_days where tenant_id = $1 and session_key in (select subject_key(value) from (${SESSIONS}) s)
  returning day
)
select count(*)::int as n, min(day) - interval '1 day' as since from deleted`;

const counted = (subject: 'user' | 'session') => `
  select e.tenant_id, ${startOfBucket('day', 'e.event_time')}, subject_key(e.${subject}_id),
         min(e.event_time), max(e.event_time), count(*)::int${subject === 'user' ? ', e.user_id' : ''}
  from events e
  join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
  where e.tenant_id = $1 and not ${IS_FAILED}`;

const RECOUNT_USERS = `/* erasure.recountUserDays */
insert into user_days (tenant_id, day, user_key, first_time, last_time, count, user_id)
${counted('user')} and e.user_id = any($2::text[]) group by 1, 2, e.user_id`;

const RECOUNT_SESSIONS = `/* erasure.recountSessionDays */
insert into session_days (tenant_id, day, session_key, first_time, last_time, count)
${counted('session')} and e.session_id in (${SESSIONS}) and e.id >= uuid7_lower_bound($3) group by 1, 2, e.session_id`;

/**
 * Counts the days of the subject and of its sessions again: what is left are other people in shared sessions, and events
 * that came after the erasure. Under the lock of the tenant's rollups, so the counts are exactly those of the events.
 */
@Injectable()
export class RollupEraser {
  async recount(
    sql: Sql,
    { tenantId, id }: ClaimedErasure,
    identities: readonly string[],
  ): Promise<Record<string, number>> {
    await sql.query(SETTINGS);
    await sql.query({
      text: `/* erasure.lockRollups */ select pg_advisory_xact_lock(${lockKey('$1')})`,
      values: [tenantId],
      ...LONG_TIMEOUT,
    });
    const users = await sql.query<{ n: number }>({
      text: DELETE_USERS,
      values: [tenantId, identities],
      ...LONG_TIMEOUT,
    });
    await sql.query({ text: RECOUNT_USERS, values: [tenantId, identities], ...LONG_TIMEOUT });
    const sessions = await sql.query<{ n: number; since: Date | null }>({
      text: DELETE_SESSIONS,
      values: [tenantId, id],
      ...LONG_TIMEOUT,
    });
    const { n = 0, since = null } = sessions.rows[0] ?? {};
    if (since !== null) {
      await sql.query({ text: RECOUNT_SESSIONS, values: [tenantId, id, since], ...LONG_TIMEOUT });
    }
    return { user_days: users.rows[0]?.n ?? 0, session_days: n };
  }
}
