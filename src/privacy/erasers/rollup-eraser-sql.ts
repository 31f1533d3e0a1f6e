import { IS_FAILED } from '../../analytics/rollups/counted-events-sql.js';
import { startOfBucket } from '../../analytics/time/granularities.js';

const SESSIONS = `select value from privacy_erasure_values where tenant_id = $1 and erasure_id = $2 and kind = 'session'`;

export const DELETE_USERS = `/* erasure.deleteUserDays */
with deleted as (
  delete from user_days where tenant_id = $1 and user_key in (select subject_key(s) from unnest($2::text[]) as s) returning 1
)
select count(*)::int as n from deleted`;

/** The day is at most one behind receipt, which the id tells: no event of an older id belongs to these days. */
export const DELETE_SESSIONS = `/* erasure.deleteSessionDays */
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

export const RECOUNT_USERS = `/* erasure.recountUserDays */
insert into user_days (tenant_id, day, user_key, first_time, last_time, count, user_id)
${counted('user')} and e.user_id = any($2::text[]) group by 1, 2, e.user_id`;

export const RECOUNT_SESSIONS = `/* erasure.recountSessionDays */
insert into session_days (tenant_id, day, session_key, first_time, last_time, count)
${counted('session')} and e.session_id in (${SESSIONS}) and e.id >= uuid7_lower_bound($3) group by 1, 2, e.session_id`;
