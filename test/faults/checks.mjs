/**
 * What PostgreSQL holds at the end against what the client knows, by SQL that shares nothing with the product.
 *
 * @typedef {import('./observer.mjs').Observer} Observer
 * @typedef {import('./journal.mjs').Journal} Journal
 */

/**
 * @param {Observer} observer
 * @param {Journal} journal
 */
export async function checkEvents(observer, journal) {
  const rows = await observer.query(
    'select tenant_id, client_id, event_id, id, event_type, event_time, payload from events',
  );
  const stored = new Map(rows.map((row) => [row.id, row]));
  const known = new Set();
  let lost = 0;
  let altered = 0;
  for (const entries of journal.entries.values()) {
    for (const { tenant, event, id } of entries) {
      known.add(event.event_id);
      if (id === null) continue; // never acknowledged: it may be stored or not
      const row = stored.get(id);
      if (row?.event_id !== event.event_id) lost += 1;
      else if (!isSame(row, tenant, event)) altered += 1;
    }
  }
  return {
    stored: rows.length,
    lost,
    altered,
    unsent: rows.filter((row) => !known.has(row.event_id)).length,
    duplicated: await readNumber(observer, DUPLICATED),
  };
}

function isSame(row, tenant, event) {
  return (
    row.tenant_id === tenant.id &&
    row.client_id === tenant.clientId &&
    row.event_type === event.event_type &&
    (event.event_time === undefined || row.event_time.toISOString() === event.event_time) &&
    row.payload.n === event.payload.n
  );
}

const DUPLICATED = `
select coalesce(sum(n - 1), 0)::float8 as number
from (select count(*) as n from events group by tenant_id, client_id, event_id having count(*) > 1) repeated`;

/** Events without their ledger row, and ledger rows without their event. */
const LEDGER_DIFFERENCE = `
select count(*)::float8 as number from events e full join event_keys k on k.id = e.id where e.id is null or k.id is null`;

/** Batches whose rows are not the ones they announce, and rows without a batch. */
const BATCH_DIFFERENCE = `
select count(*)::float8 as number
from ingest_batches b
full join (
  select tenant_id, batch_id, count(*) as n, array_agg(id order by id) as ids from events group by 1, 2
) e on e.tenant_id = b.tenant_id and e.batch_id = b.id
where b.event_count is distinct from e.n or b.first_id > e.ids[1] or b.last_id < e.ids[e.n]`;

/**
 * Seconds from commit to count, of the median batch and of the slowest; for the slowest those after the last kill, as
 * somebody who kills every few seconds is to blame for the others.
 */
const WAITS = `
select coalesce(percentile_cont(0.5) within group (order by extract(epoch from done_at - received_at)), 0)::float8 as median,
       coalesce(max(extract(epoch from done_at - greatest(received_at, killed_at))), 0)::float8 as longest
from (select received_at, coalesce(processed_at, clock_timestamp()) as done_at from ingest_batches) b
cross join lateral (select max(at) as killed_at from unnest($1::timestamptz[]) as k (at) where at <= done_at) k`;

/** @param {Observer} observer @param {Date[]} killedAt whatever was killed */
export async function checkBatches(observer, killedAt) {
  const [{ median, longest }] = await observer.query(WAITS, [killedAt.map((at) => at.toISOString())]);
  return {
    left_queued: await observer.countQueued(),
    ledger_difference: await readNumber(observer, LEDGER_DIFFERENCE),
    batch_difference: await readNumber(observer, BATCH_DIFFERENCE),
    median_wait_s: median,
    longest_wait_s: longest,
  };
}

/** @param {Observer} observer @returns {Promise<number>} sum of all absolute differences, over every rollup and granularity */
export async function checkRollups(observer) {
  let difference = 0;
  for (const granularity of ['minute', 'hour', 'day']) {
    difference += await readNumber(observer, eventRollupDifference(granularity));
    difference += await readNumber(observer, processingRollupDifference(granularity));
    difference += await readNumber(observer, histogramDifference(granularity));
  }
  return difference;
}

const FAILED = 'exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id)';

const eventRollupDifference = (granularity) => `
with recount as (
  select tenant_id, client_id, event_type, date_trunc('${granularity}', event_time, 'UTC') as bucket,
         count(*) filter (where not failed) as count, count(*) filter (where failed) as failed
  from (select e.*, ${FAILED} as failed from events e) e group by 1, 2, 3, 4
)
select coalesce(sum(abs(coalesce(r.count, 0) - coalesce(c.count, 0)) + abs(coalesce(r.failed, 0) - coalesce(c.failed, 0))), 0)
  ::float8 as number
from event_rollups_${granularity} r full join recount c using (tenant_id, client_id, event_type, bucket)`;

/** Processing rollups go by the time a batch was processed. */
const processingRollupDifference = (granularity) => `
with recount as (
  select tenant_id, client_id, date_trunc('${granularity}', processed_at, 'UTC') as bucket,
         count(*) filter (where not failed) as processed, count(*) filter (where failed) as failed
  from (
    select e.tenant_id, e.client_id, b.processed_at, ${FAILED} as failed
    from events e join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
  ) e group by 1, 2, 3
)
select coalesce(sum(abs(coalesce(r.processed, 0) - coalesce(c.processed, 0))
         + abs(coalesce(r.failed, 0) - coalesce(c.failed, 0))), 0)::float8 as number
from processing_rollups_${granularity} r full join recount c using (tenant_id, client_id, bucket)`;

const histogramDifference = (granularity) => `
select coalesce(sum(abs(r.processed + r.failed
         - (select coalesce(sum(value::bigint), 0) from jsonb_each_text(r.latency_histogram)))), 0)::float8 as number
from processing_rollups_${granularity} r`;

async function readNumber(observer, query) {
  const [row] = await observer.query(query);
  return row.number;
}
