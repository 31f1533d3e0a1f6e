import { Injectable } from '@nestjs/common';
import type { Sql } from '../platform/database.js';
import { toIso } from '../platform/query.dto.js';
import type { TimeRange } from '../platform/time.js';
import { signedSpanArrays, tileBucketCounts } from './buckets.js';
import { COUNTABLE } from './countable.js';
import { type CountTiles, tileCounts } from './time-tiles.js';

export interface EventCount {
  client_id: string;
  event_type: string;
  count: number;
}

export interface CountFilter {
  client_id?: string | undefined;
  event_type?: string | undefined;
}

export interface BucketCount {
  /** 1 for the first bucket. */
  n: number;
  group: string | null;
  count: number;
}

export type SeriesGroup = 'event_type' | 'client_id';

/**
 * The counts of a range. Whole days, hours and minutes come from the rollups; the seconds at the edges come from the
 * rows, found through the types that the minute rollups show there. One statement, so one snapshot.
 * `offset 0` keeps the lateral pieces apart: their ranges are a few seconds, but a planner that joins them with the whole
 * table cannot know that and reads all of it (1.4 s instead of 3 ms at a million events). What is countable is asked outside
 * of them, so that it is planned once and not for each partition.
 * Parameters: $1 tenant, $2 client or null, $3 event type or null, then three arrays (from, to, sign) each for days, hours,
 * minutes and rows.
 */
const PIECES = `
tiles as (
  ${rollupTiles('day', 4)} union all ${rollupTiles('hour', 7)} union all ${rollupTiles('minute', 10)}
), edge_types as materialized (
  select distinct s.from_time, s.to_time, s.sign, r.event_type
  from unnest($13::timestamptz[], $14::timestamptz[], $15::int[]) as s (from_time, to_time, sign)
  cross join lateral (
    select event_type from event_rollups_minute
    where tenant_id = $1 and bucket = date_bin('1 minute', s.from_time, timestamptz '1970-01-01 00:00Z')
      and ($2::text is null or client_id = $2) and ($3::text is null or event_type = $3)
    offset 0
  ) r
), edges as (
  select e.event_time as at, e.client_id, e.event_type, t.sign as count
  from edge_types t
  cross join lateral (
    select * from events
    where tenant_id = $1 and event_type = t.event_type and event_time >= t.from_time and event_time < t.to_time
      and ($2::text is null or client_id = $2)
    offset 0
  ) e
  where ${COUNTABLE}
), pieces as (
  select * from tiles union all select * from edges
)`;

const COUNT_BY_CLIENT_AND_TYPE = `/* eventCounts.byClientAndType */
with ${PIECES}
select client_id, event_type, sum(count)::float8 as count
from pieces group by client_id, event_type having sum(count) > 0
order by 3 desc, event_type, client_id`;

/** $16: the instants at which the buckets begin. Summed up per instant first: finding the bucket of each row is the dear part. */
const countByBucket = (group: SeriesGroup | 'null') => `/* eventCounts.byBucket */
with ${PIECES}
select width_bucket(at, $16::timestamptz[]) as n, "group", sum(count)::float8 as count
from (select at, ${group} as "group", sum(count) as count from pieces group by 1, 2) instants
group by 1, 2 having sum(count) > 0`;

function rollupTiles(grain: string, parameter: number): string {
  return `select r.bucket as at, r.client_id, r.event_type, s.sign * r.count as count
  from unnest($${parameter}::timestamptz[], $${parameter + 1}::timestamptz[], $${parameter + 2}::int[])
    as s (from_time, to_time, sign)
  cross join lateral (
    select * from event_rollups_${grain}
    where tenant_id = $1 and bucket >= s.from_time and bucket < s.to_time
      and ($2::text is null or client_id = $2) and ($3::text is null or event_type = $3)
    offset 0
  ) r`;
}

/** Counts of processed events by the time they happened. */
@Injectable()
export class EventCountsRepository {
  /** Per client and type, most frequent first. */
  async listByClientAndType(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    filter: CountFilter = {},
  ): Promise<EventCount[]> {
    const { rows } = await sql.query<EventCount>(
      COUNT_BY_CLIENT_AND_TYPE,
      parameters(tenantId, filter, tileCounts(range)),
    );
    return rows;
  }

  /** Per bucket; buckets without events are absent. @param starts see {@link bucketStarts} */
  async listByBucket(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    starts: readonly number[],
    filter: CountFilter = {},
    group?: SeriesGroup,
  ): Promise<BucketCount[]> {
    const { rows } = await sql.query<BucketCount>(countByBucket(group ?? 'null'), [
      ...parameters(tenantId, filter, tileBucketCounts(range, starts)),
      starts.map(toIso),
    ]);
    return rows;
  }
}

function parameters(tenantId: string, filter: CountFilter, tiles: CountTiles): unknown[] {
  const spans = [tiles.day, tiles.hour, tiles.minute, tiles.rows].flatMap(signedSpanArrays);
  return [tenantId, filter.client_id ?? null, filter.event_type ?? null, ...spans];
}
