import { Injectable } from '@nestjs/common';
import { queryByKey, type Sql } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { spanArrays, coverBuckets } from '../time/buckets.js';
import { GRANULARITIES } from '../time/granularities.js';
import type { Histogram } from '../rollups/latency-histogram.js';
import { IS_WAITING, PENDING_EVENTS } from '../rollups/counted-events-sql.js';

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
  histogram: Record<string, number>;
}

/**
 * Without a client, from the totals of all clients, so that an hour is one row for any number of clients. `offset 0`
 * keeps the planner from reading all rows and their histograms to join them with a few spans.
 */
const readCover = (table: 'processing_rollups' | 'processing_totals') =>
  GRANULARITIES.map(
    (granularity, n) => `
select width_bucket(r.bucket, $2::timestamptz[]) as n, r.processed::float8, r.failed::float8, r.latency_sum_ms as sum_ms,
       r.latency_min_ms as min_ms, r.latency_max_ms as max_ms, r.latency_histogram as histogram
from unnest($${3 + 2 * n}::timestamptz[], $${4 + 2 * n}::timestamptz[]) as s (from_time, to_time)
cross join lateral (
  select * from ${table}_${granularity}
  where tenant_id = $1 and bucket >= s.from_time and bucket < s.to_time${table === 'processing_totals' ? '' : ' and client_id = $9'}
  offset 0
) r`,
  ).join(' union all ');

/** What workers processed, by the time of processing. */
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
    const cover = coverBuckets(range, starts);
    const parameters = [
      tenantId,
      starts.map(toIso),
      ...GRANULARITIES.flatMap((granularity) => spanArrays(cover[granularity])),
    ];
    const rows = await queryByKey<Row>(
      sql,
      clientId === undefined
        ? { name: 'processingMetrics.ofAll', text: readCover('processing_totals'), values: parameters }
        : {
            name: 'processingMetrics.ofClient',
            text: readCover('processing_rollups'),
            values: [...parameters, clientId],
          },
    );
    const buckets = new Map<number, ProcessingBucket>();
    for (const row of rows) buckets.set(row.n, add(buckets.get(row.n), row));
    return [...buckets.values()].sort((a, b) => a.n - b.n);
  }

  /** Accepted events of the tenant that wait. */
  async countPending(sql: Sql, tenantId: string): Promise<number> {
    const { rows } = await sql.query<{ events: number }>(
      `/* processingMetrics.pending */
       select ${PENDING_EVENTS} as events from ingest_batches
       where tenant_id = $1 and ${IS_WAITING}`,
      [tenantId],
    );
    return rows[0]?.events ?? 0;
  }
}

function add(known: ProcessingBucket | undefined, row: Row): ProcessingBucket {
  const histogram = new Map(known?.histogram);
  for (const [bin, count] of Object.entries(row.histogram)) {
    histogram.set(Number(bin), (histogram.get(Number(bin)) ?? 0) + count);
  }
  return {
    n: row.n,
    processed: row.processed + (known?.processed ?? 0),
    failed: row.failed + (known?.failed ?? 0),
    sumMs: row.sum_ms + (known?.sumMs ?? 0),
    minMs: Math.min(row.min_ms, known?.minMs ?? Infinity),
    maxMs: Math.max(row.max_ms, known?.maxMs ?? 0),
    histogram,
  };
}
