import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { IS_FAILED_BY_KEY } from './counted-events-sql.js';
import { upsertDays } from './day-counts.js';
import {
  COUNT_GRANULARITIES,
  type CountGranularity,
  type Granularity,
  GRANULARITIES,
  startOfBucket,
} from '../time/granularities.js';
import { LN_GAMMA, SHORTEST_MS } from './latency-histogram.js';
import { lockRollups } from './rollup-lock-sql.js';

/** A batch whose events are to be counted: one tenant's rows of one group commit. */
export interface UncountedBatch {
  id: string;
  tenant_id: string;
  first_id: string;
  last_id: string;
}

/**
 * The only writer of the rollups. Runs inside the transaction that marks the batches processed, so each event is
 * counted exactly once; keys are sorted, so two workers never deadlock. Longer buckets are summed from the minutes of
 * the same statement. The shared locks keep a repair of the same tenant's rollups out until the commit; workers don't
 * exclude each other. `order by id` keeps the planner on the primary key, of which a batch is one short range: without
 * it a plan made while a partition is empty may read all rows of the tenant for every batch.
 */
const COUNT_EVENTS = `/* rollups.countEvents */
with ${lockRollups('$2')}, counted as materialized (
  select e.tenant_id, e.client_id, e.event_type, e.user_id, e.session_id, e.event_time,
         ${startOfBucket('minute', 'e.event_time')} as minute,
         greatest(extract(epoch from now() - e.received_at)::float8 * 1000, ${SHORTEST_MS}) as latency_ms,
         ${IS_FAILED_BY_KEY} as failed
  from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as b (id, tenant_id, first_id, last_id)
  cross join lateral (
    select * from events
    where tenant_id = b.tenant_id and id between b.first_id and b.last_id and batch_id = b.id
    order by id
  ) e
  where (select count(*) from locked) > 0
), succeeded as (
  select * from counted where not failed
), minute_counts as materialized (
  select tenant_id, minute as bucket, client_id, event_type,
         count(*) filter (where not failed) as count, count(*) filter (where failed) as failed
  from counted group by 1, 2, 3, 4
), ${sumUp('ten_minutes', 'minute')}, ${sumUp('hour', 'ten_minutes')}, ${sumUp('day', 'hour')}
, ${COUNT_GRANULARITIES.map(sumOverClients).join(', ')}
, bins as materialized (
  select tenant_id, client_id, ceil(ln(latency_ms) / ${LN_GAMMA})::int as bin, count(*) as n,
         count(*) filter (where failed) as failed,
         sum(latency_ms) as total, min(latency_ms) as least, max(latency_ms) as most
  from counted group by 1, 2, 3
), processing as materialized (
  select tenant_id, client_id, sum(n) - sum(failed) as processed, sum(failed) as failed,
         sum(total) as total, min(least) as least, max(most) as most, jsonb_object_agg(bin, n) as histogram
  from bins group by 1, 2
), processing_all as materialized (
  select tenant_id, sum(n) - sum(failed) as processed, sum(failed) as failed,
         sum(total) as total, min(least) as least, max(most) as most, jsonb_object_agg(bin, n) as histogram
  from (
    select tenant_id, bin, sum(n) as n, sum(failed) as failed, sum(total) as total, min(least) as least, max(most) as most
    from bins group by 1, 2
  ) b group by 1
), ${COUNT_GRANULARITIES.map(upsertEvents).join(', ')}
, ${GRANULARITIES.map(upsertProcessing).join(', ')}
, ${upsertDays('user', 'succeeded')}, ${upsertDays('session', 'succeeded')}
select coalesce(sum(count + failed), 0)::int as counted from minute_counts`;

function sumUp(granularity: CountGranularity, finer: CountGranularity): string {
  return `${granularity}_counts as materialized (
  select tenant_id, ${startOfBucket(granularity, 'bucket')} as bucket, client_id, event_type,
         sum(count) as count, sum(failed) as failed
  from ${finer}_counts group by 1, 2, 3, 4
)`;
}

function sumOverClients(granularity: CountGranularity): string {
  return `${granularity}_totals as (
  select tenant_id, bucket, event_type, sum(count) as count, sum(failed) as failed from ${granularity}_counts group by 1, 2, 3
)`;
}

function upsertEvents(granularity: CountGranularity): string {
  const upsert = (table: string, client: string, source: string) => `${table}_${granularity} as (
  insert into ${table}_${granularity} as r (tenant_id, bucket${client}, event_type, count, failed)
  select tenant_id, bucket${client}, event_type, count, failed from ${source} order by tenant_id, bucket${client}, event_type
  on conflict (tenant_id, bucket${client}, event_type)
  do update set count = r.count + excluded.count, failed = r.failed + excluded.failed
)`;
  return [
    upsert('event_rollups', ', client_id', `${granularity}_counts`),
    upsert('event_totals', '', `${granularity}_totals`),
  ].join(', ');
}

function upsertProcessing(granularity: Granularity): string {
  const upsert = (table: string, client: string, source: string) => `${table}_${granularity} as (
  insert into ${table}_${granularity} as r (tenant_id, bucket${client}, processed, failed,
    latency_sum_ms, latency_min_ms, latency_max_ms, latency_histogram)
  select tenant_id, ${startOfBucket(granularity, 'now()')}${client}, processed, failed,
         total, least, most, histogram
  from ${source} order by tenant_id${client}
  on conflict (tenant_id, bucket${client})
  do update set processed = r.processed + excluded.processed, failed = r.failed + excluded.failed,
    latency_sum_ms = r.latency_sum_ms + excluded.latency_sum_ms,
    latency_min_ms = least(r.latency_min_ms, excluded.latency_min_ms),
    latency_max_ms = greatest(r.latency_max_ms, excluded.latency_max_ms),
    latency_histogram = r.latency_histogram || coalesce((
      select jsonb_object_agg(bin, coalesce((r.latency_histogram ->> bin)::bigint, 0) + n::bigint)
      from jsonb_each_text(excluded.latency_histogram) as more (bin, n)), '{}')
)`;
  return [
    upsert('processing_rollups', ', client_id', 'processing'),
    upsert('processing_totals', '', 'processing_all'),
  ].join(', ');
}

@Injectable()
export class RollupsRepository {
  /** Adds the events of `batches` to every rollup. @returns how many there were */
  async countEvents(sql: Sql, batches: readonly UncountedBatch[]): Promise<number> {
    const { rows } = await sql.query<{ counted: number }>({
      name: 'rollups.countEvents', // prepared: planning it costs more than running it
      text: COUNT_EVENTS,
      values: [
        batches.map((batch) => batch.id),
        batches.map((batch) => batch.tenant_id),
        batches.map((batch) => batch.first_id),
        batches.map((batch) => batch.last_id),
      ],
    });
    return rows[0]?.counted ?? 0;
  }
}
