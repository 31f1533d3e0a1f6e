import { IS_FAILED } from './counted-events-sql.js';
import {
  COUNT_GRANULARITIES,
  type CountGranularity,
  type Granularity,
  GRANULARITIES,
  startOfBucket,
} from '../time/granularities.js';
import { LN_GAMMA, SHORTEST_MS } from './latency-histogram.js';

/** One rollup table, and the rows it should hold. */
export interface RollupTable {
  name: string;
  /** Column with the start of the bucket. */
  bucket: string;
  key: readonly string[];
  values: readonly string[];
  /** A select of all columns, keys first. Parameters: $1 from, $2 to, whole UTC days; $3 tenant or null for all. */
  recounted: string;
}

const ASKED = `e.event_time >= $1 and e.event_time < $2 and ($3::uuid is null or e.tenant_id = $3)`;

/** The part of the key for the client: nothing where all clients are counted together. */
type ClientColumn = '' | ', client_id';

const keyOf = (client: ClientColumn) => ['tenant_id', 'bucket', ...(client === '' ? [] : ['client_id'])];

const eventRollup = (granularity: CountGranularity, table: string, client: ClientColumn): RollupTable => ({
  name: `${table}_${granularity}`,
  bucket: 'bucket',
  key: [...keyOf(client), 'event_type'],
  values: ['count', 'failed'],
  recounted: `
  select tenant_id, bucket${client}, event_type,
         count(*) filter (where not is_failed) as count, count(*) filter (where is_failed) as failed
  from (
    select e.tenant_id, ${startOfBucket(granularity, 'e.event_time')} as bucket, e.client_id, e.event_type, ${IS_FAILED} as is_failed
    from events e
    join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
    where ${ASKED}
  ) counted group by tenant_id, bucket${client}, event_type`,
});

/** By the batch's processing time. What failed then and succeeded later counts as processed then. */
const processingRollup = (granularity: Granularity, table: string, client: ClientColumn): RollupTable => ({
  name: `${table}_${granularity}`,
  bucket: 'bucket',
  key: keyOf(client),
  values: ['processed', 'failed', 'latency_sum_ms', 'latency_min_ms', 'latency_max_ms', 'latency_histogram'],
  recounted: `
  select tenant_id, bucket${client}, sum(n)::bigint - sum(failed)::bigint as processed, sum(failed)::bigint as failed,
         sum(total) as latency_sum_ms, min(least) as latency_min_ms, max(most) as latency_max_ms,
         jsonb_object_agg(bin, n) as latency_histogram
  from (
    select tenant_id, bucket${client}, ceil(ln(latency_ms) / ${LN_GAMMA})::int as bin, count(*) as n,
           count(*) filter (where is_failed) as failed,
           sum(latency_ms) as total, min(latency_ms) as least, max(latency_ms) as most
    from (
      select e.tenant_id, ${startOfBucket(granularity, 'b.processed_at')} as bucket, e.client_id, ${IS_FAILED} as is_failed,
             greatest(extract(epoch from b.processed_at - e.received_at)::float8 * 1000, ${SHORTEST_MS}) as latency_ms
      from ingest_batches b
      join events e on e.tenant_id = b.tenant_id and e.id between b.first_id and b.last_id and e.batch_id = b.id
      where b.status = 'processed' and b.processed_at >= $1 and b.processed_at < $2
        and ($3::uuid is null or b.tenant_id = $3)
    ) counted group by tenant_id, bucket, bin${client}
  ) bins group by tenant_id, bucket${client}`,
});

const subjectDays = (subject: 'user' | 'session', label: string): RollupTable => ({
  name: `${subject}_days`,
  bucket: 'day',
  key: ['tenant_id', 'day', `${subject}_key`],
  values: ['first_time', 'last_time', 'count', ...(label === '' ? [] : [label])],
  recounted: `
  select e.tenant_id, ${startOfBucket('day', 'e.event_time')} as day, subject_key(e.${subject}_id) as ${subject}_key,
         min(e.event_time) as first_time, max(e.event_time) as last_time,
         count(*)::int as count${label === '' ? '' : `, e.${label}`}
  from events e
  join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
  where e.${subject}_id is not null and ${ASKED} and not ${IS_FAILED}
  group by 1, 2, e.${subject}_id`,
});

/** Every table that workers count events into. */
export const ROLLUP_TABLES: readonly RollupTable[] = [
  ...COUNT_GRANULARITIES.flatMap((granularity) => [
    eventRollup(granularity, 'event_rollups', ', client_id'),
    eventRollup(granularity, 'event_totals', ''),
  ]),
  subjectDays('user', 'user_id'),
  subjectDays('session', ''),
  ...GRANULARITIES.flatMap((granularity) => [
    processingRollup(granularity, 'processing_rollups', ', client_id'),
    processingRollup(granularity, 'processing_totals', ''),
  ]),
];

/**
 * Empty rows do not count as a difference; sums of fractions differ in the last digits with the order of their terms.
 */
const differs = (column: string) =>
  column === 'latency_sum_ms'
    ? `abs(coalesce(t.${column}, 0) - coalesce(r.${column}, 0)) > 1e-6 * greatest(t.${column}, r.${column}, 1)`
    : ['count', 'failed', 'processed'].includes(column)
      ? `coalesce(t.${column}, 0) <> coalesce(r.${column}, 0)`
      : `(t.${column} is distinct from r.${column})`;

/**
 * Which days of which tenants are wrong, and in how many rows. One statement, so one snapshot, in which both must
 * agree. Days of which retention has removed events cannot be compared any more; their counts stay as they were.
 */
export function compareSql({ name, bucket, key, values, recounted }: RollupTable): string {
  return `/* recount.compare ${name} */
with recounted as (${recounted}), stored as (
  select * from ${name} where ${bucket} >= $1 and ${bucket} < $2 and ($3::uuid is null or tenant_id = $3)
    and ${values.includes('failed') ? `${values[0]} + failed` : 'count'} <> 0
)
select tenant_id, ${startOfBucket('day', bucket)} as day, count(*)::int as rows
from recounted t full join stored r using (${key.join(', ')})
where (${values.map(differs).join(' or ')})
  and (tenant_id, (${bucket} at time zone 'UTC')::date) not in (select tenant_id, day from removed_event_days)
group by 1, 2 order by 1, 2`;
}

export function deleteSql({ name, bucket }: RollupTable): string {
  return `/* recount.delete ${name} */
delete from ${name} where ${bucket} >= $1 and ${bucket} < $2 and ($3::uuid is null or tenant_id = $3)`;
}

export function insertSql({ name, key, values, recounted }: RollupTable): string {
  return `/* recount.insert ${name} */ insert into ${name} (${[...key, ...values].join(', ')}) ${recounted}`;
}
