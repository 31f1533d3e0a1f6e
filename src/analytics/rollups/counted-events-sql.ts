import type { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';

/** SQL condition on batches: accepted, and not counted yet. The partial indexes of ingest_batches have it. */
export const IS_WAITING = `status = 'queued'`;

/** SQL for how many events wait, of the batches that are. */
export const PENDING_EVENTS = 'coalesce(sum(event_count), 0)::float8';

/** SQL for a row where batches of the tenant $1 that were accepted until `instant` are not counted yet. */
export const uncountedUntil = (instant: string) => `
  select from ingest_batches where tenant_id = $1 and ${IS_WAITING} and received_at <= ${instant} limit 1`;

/**
 * SQL for the status of an event, of its batch `b` and its dead letter `f`. It is derived, never stored: an event row
 * is written once.
 */
export const EVENT_STATUS = `
  case when f.event_id is not null then 'failed' when b.${IS_WAITING} then 'queued' else 'processed' end`;

const FAILED = 'select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id';

/** SQL condition on events `e`: in the dead-letter queue. */
export const IS_FAILED = `exists (${FAILED})`;

/**
 * The same for a few events, looked up one by one: the number of other failed events, of any tenant, does not matter.
 */
export const IS_FAILED_BY_KEY = `exists (${FAILED} offset 0)`;

/**
 * SQL condition on events `e` of the tenant $1: counted by a worker, also as failed. The batches that wait are hashed
 * once ("not in"): with statistics from a time when none waited, the planner would read all of them for every event.
 */
export const IS_PROCESSED = `e.batch_id not in (select id from ingest_batches where tenant_id = $1 and ${IS_WAITING})`;

/**
 * SQL condition on events `e` of the tenant $1: those that analytics count. They are processed and not failed; exactly
 * these are in the rollups, so an answer is the same whether rollups or rows give it.
 */
export const IS_COUNTED = `${IS_PROCESSED}
  and not exists (select from failed_events f where f.tenant_id = $1 and f.event_id = e.id)`;

/**
 * SQL condition on events `e` of the tenant $1: those that happened in a range and are counted, of some types if given.
 * Found by the types that occurred on the days of the range, since events have no index on the time alone.
 */
export function countedIn({ from, to }: TimeRange, types: readonly string[] | null, parameters: Parameters): string {
  const [start, end] = [parameters.add(toIso(from)), parameters.add(toIso(to))];
  const ofTypes = types === null ? '' : ` and event_type = any(${parameters.add(types)}::text[])`;
  return `e.tenant_id = $1 and e.event_time >= ${start} and e.event_time < ${end}
    and e.event_type in (
      select event_type from event_rollups_day
      where tenant_id = $1 and bucket > ${start}::timestamptz - interval '1 day' and bucket < ${end}${ofTypes})
    and ${IS_COUNTED}`;
}

/**
 * SQL for the events of the tenant $1 that analytics do not count: found by the primary key, starting from these few
 * events. `offset 0` keeps every further condition outside; otherwise the planner may use an index for it that matches
 * far more events.
 */
export const NOT_COUNTED = `
  select e.* from (select event_id from failed_events where tenant_id = $1) f
  cross join lateral (select * from events where tenant_id = $1 and id = f.event_id offset 0) e
  union all
  select e.* from (select id, first_id, last_id from ingest_batches where tenant_id = $1 and ${IS_WAITING}) b
  cross join lateral (
    select * from events where tenant_id = $1 and id between b.first_id and b.last_id and batch_id = b.id
    order by id offset 0
  ) e
  where not ${IS_FAILED}`;
