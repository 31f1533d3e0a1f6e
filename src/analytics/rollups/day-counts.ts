import { startOfBucket } from '../time/granularities.js';

/**
 * SQL that adds the events of the CTE `events` to the days of users or sessions, as two CTEs.
 * Grouped by the id itself first: hashing it is the dear part, and a batch holds the same user many times.
 */
export function upsertDays(subject: 'user' | 'session', events: string): string {
  const label = subject === 'user' ? ', user_id' : '';
  return `${subject}_active as materialized (
  select tenant_id, ${startOfBucket('day', 'minute')} as day, ${subject}_id,
         min(event_time) as first_time, max(event_time) as last_time, count(*) as count
  from ${events} where ${subject}_id is not null group by 1, 2, 3
), ${subject}_day as (
  insert into ${subject}_days as r (tenant_id, day, ${subject}_key, first_time, last_time, count${label})
  select tenant_id, day, subject_key(${subject}_id), first_time, last_time, count${label}
  from ${subject}_active order by 1, 2, 3
  on conflict (tenant_id, day, ${subject}_key)
  do update set first_time = least(r.first_time, excluded.first_time),
    last_time = greatest(r.last_time, excluded.last_time), count = r.count + excluded.count
)`;
}
