import { Injectable } from '@nestjs/common';
import type { Sql } from '../platform/database.js';
import { toIso } from '../platform/query.dto.js';
import type { TimeRange } from '../platform/time.js';
import { spanArrays, tileBuckets } from './buckets.js';
import type { Histogram } from './latency-histogram.js';

export interface ProcessingBucket {
  /** 1 for the first bucket. */
  n: number;
  processed: number;
  failed: number;
  sumMs: number;
  minMs: number;
  maxMs: number;
  histogram: Histogram;
}

interface Row {
  n: number;
  processed: number;
  failed: number;
  sum_ms: number;
  min_ms: number;
  max_ms: number;
  bins: number[];
  counts: number[];
}

const rollupTiles = (grain: string, parameter: number) => `select r.*
  from unnest($${parameter}::timestamptz[], $${parameter + 1}::timestamptz[]) as s (from_time, to_time)
  join processing_rollups_${grain} r on r.tenant_id = $1 and r.bucket >= s.from_time and r.bucket < s.to_time
   and ($2::text is null or r.client_id = $2)`;

/** $1 tenant, $2 client or null, arrays (from, to) each for days, hours and minutes, $9 where the buckets begin. */
const METRICS = `/* processingMetrics.byBucket */
with pieces as materialized (
  select width_bucket(bucket, $9::timestamptz[]) as n, processed, failed,
         latency_sum_ms, latency_min_ms, latency_max_ms, latency_histogram
  from (${rollupTiles('day', 3)} union all ${rollupTiles('hour', 5)} union all ${rollupTiles('minute', 7)}) tiles
), bins as (
  select n, h.key::int as bin, sum(h.value::float8) as count
  from pieces cross join lateral jsonb_each_text(latency_histogram) h group by 1, 2
), histograms as (
  select n, array_agg(bin) as bins, array_agg(count) as counts from bins group by n
), totals as (
  select n, sum(processed)::float8 as processed, sum(failed)::float8 as failed,
         sum(latency_sum_ms) as sum_ms, min(latency_min_ms) as min_ms, max(latency_max_ms) as max_ms
  from pieces group by n
)
select * from totals join histograms using (n) order by n`;

/** What workers did, by the time they did it. */
@Injectable()
export class ProcessingMetricsRepository {
  /** Per bucket; buckets in which nothing was processed are absent. @param range begins and ends at whole minutes */
  async listByBucket(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    starts: readonly number[],
    clientId?: string,
  ): Promise<ProcessingBucket[]> {
    const tiles = tileBuckets(range, starts);
    const { rows } = await sql.query<Row>(METRICS, [
      tenantId,
      clientId ?? null,
      ...[tiles.day, tiles.hour, tiles.minute].flatMap(spanArrays),
      starts.map(toIso),
    ]);
    return rows.map(({ sum_ms, min_ms, max_ms, bins, counts, ...row }) => ({
      ...row,
      sumMs: sum_ms,
      minMs: min_ms,
      maxMs: max_ms,
      histogram: new Map(bins.map((bin, index) => [bin, counts[index] ?? 0])),
    }));
  }

  /** Accepted events of the tenant that wait. */
  async countPending(sql: Sql, tenantId: string): Promise<number> {
    const { rows } = await sql.query<{ events: number }>(
      `/* processingMetrics.pending */
       select coalesce(sum(event_count), 0)::float8 as events from ingest_batches
       where tenant_id = $1 and status = 'queued'`,
      [tenantId],
    );
    return rows[0]?.events ?? 0;
  }
}
