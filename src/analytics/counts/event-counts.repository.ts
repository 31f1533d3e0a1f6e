import { Injectable } from '@nestjs/common';
import { queryByKey, type Sql } from '../../platform/database/database.js';
import { DAY_MS, type TimeRange, toIso } from '../../platform/time/time.js';
import { uuid7LowerBound } from '../../platform/database/uuid7.js';
import type { TypeCount } from './analytics.dto.js';
import { signedSpanArrays, coverBucketCounts } from '../time/buckets.js';
import { IS_FAILED_BY_KEY, IS_PROCESSED } from '../rollups/counted-events-sql.js';
import { COUNT_GRANULARITIES, startOfBucket } from '../time/granularities.js';
import { type CountCover, coverCounts } from '../time/time-cover.js';

export interface EventCount extends TypeCount {
  client_id: string;
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

/** event_rollups are per client; event_totals hold all clients of a tenant together, in a fraction of the rows. */
type Rollup = 'event_rollups' | 'event_totals';

/**
 * The counts of a range. Whole days, hours, ten minutes and minutes come from the rollups; the seconds at the edges
 * come from the events, found through the types that the minute rollups show there. One statement, so one snapshot.
 * `offset 0` keeps the lateral pieces apart, so that each uses its key: their ranges are a few seconds long, but a
 * planner that joins them with the whole table cannot know that and reads all of it (1.4 s instead of 3 ms at a million
 * events). Whether an event is counted is checked outside of them, so that it is planned once and not for each
 * partition. Failed events are checked one by one, and only for types of which the rollup holds a failure, so that
 * their number does not matter. Ids tell which months to skip: an event happens at most a day after it is recorded, and
 * none is recorded in the future.
 *
 * Parameters: $1 tenant, $2 client or null, $3 event type or null, then three arrays (from, to, sign) for each
 * granularity and for rows, and $19, an id of tomorrow.
 */
const pieces = (rollup: Rollup) => `
cover as (
  ${COUNT_GRANULARITIES.map((granularity, n) => coveredRollup(rollup, granularity, 4 + 3 * n)).join(' union all ')}
), edge_minutes as materialized (
  select s.from_time, s.to_time, s.sign, uuid7_lower_bound(s.from_time - interval '1 day') as oldest_id, r.types, r.failing
  from unnest($16::timestamptz[], $17::timestamptz[], $18::int[]) as s (from_time, to_time, sign)
  cross join lateral (
    select array_agg(event_type) as types, array_agg(event_type) filter (where failed > 0) as failing from ${rollup}_minute
    where tenant_id = $1 and bucket = ${startOfBucket('minute', 's.from_time')}
      and ($3::text is null or event_type = $3)${ofClient(rollup)}
  ) r
), edges as (
  select e.event_time as at,${columns(rollup, 'e')} m.sign::float8 as count
  from edge_minutes m
  cross join lateral (
    select * from events
    where tenant_id = $1 and event_type = any (m.types) and event_time >= m.from_time and event_time < m.to_time
      and id >= m.oldest_id and id < $19
      and ($2::text is null or client_id = $2)
    offset 0
  ) e
  where ${IS_PROCESSED} and (m.failing is null or e.event_type <> all (m.failing) or not ${IS_FAILED_BY_KEY})
), pieces as (
  select * from cover union all select * from edges
)`;

const columns = (rollup: Rollup, table: string) =>
  `${rollup === 'event_rollups' ? ` ${table}.client_id,` : ''} ${table}.event_type,`;

const ofClient = (rollup: Rollup) => (rollup === 'event_rollups' ? ' and ($2::text is null or client_id = $2)' : '');

function coveredRollup(rollup: Rollup, granularity: string, parameter: number): string {
  return `select r.bucket as at,${columns(rollup, 'r')} (s.sign * r.count)::float8 as count
  from unnest($${parameter}::timestamptz[], $${parameter + 1}::timestamptz[], $${parameter + 2}::int[])
    as s (from_time, to_time, sign)
  cross join lateral (
    select * from ${rollup}_${granularity}
    where tenant_id = $1 and bucket >= s.from_time and bucket < s.to_time
      and ($3::text is null or event_type = $3)${ofClient(rollup)}
    offset 0
  ) r`;
}

const COUNT_BY_CLIENT_AND_TYPE = `/* eventCounts.byClientAndType */
with ${pieces('event_rollups')}
select client_id, event_type, sum(count) as count
from pieces group by client_id, event_type having sum(count) > 0
order by 3 desc, event_type, client_id`;

const countByType = (rollup: Rollup) => `/* eventCounts.byType */
with ${pieces(rollup)}
select event_type, sum(count) as count
from pieces group by event_type having sum(count) > 0
order by 2 desc, event_type`;

/** The buckets of one group as a text, `n count,n count`: reading rows is expensive. */
interface SeriesRow {
  group: string | null;
  points: string;
}

/**
 * $20: the instants at which the buckets begin. Summed per instant first: finding the bucket of each row is the
 * expensive part.
 */
const countByBucket = (rollup: Rollup, group: SeriesGroup | 'null') => `/* eventCounts.byBucket */
with ${pieces(rollup)}
select "group", string_agg(n || ' ' || count, ',') as points from (
  select width_bucket(at, $20::timestamptz[]) as n, "group", sum(count) as count
  from (select at, ${group} as "group", sum(count) as count from pieces group by 1, 2) instants
  group by 1, 2 having sum(count) > 0
) buckets group by 1`;

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
    return queryByKey<EventCount>(sql, {
      name: 'eventCounts.byClientAndType',
      text: COUNT_BY_CLIENT_AND_TYPE,
      values: parameters(tenantId, filter, coverCounts(range)),
    });
  }

  /** Most frequent first. */
  async listByType(sql: Sql, tenantId: string, range: TimeRange, filter: CountFilter = {}): Promise<TypeCount[]> {
    const rollup = rollupFor(filter);
    return queryByKey<TypeCount>(sql, {
      name: `eventCounts.byType ${rollup}`,
      text: countByType(rollup),
      values: parameters(tenantId, filter, coverCounts(range)),
    });
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
    const rollup = rollupFor(filter, group);
    const rows = await queryByKey<SeriesRow>(sql, {
      name: `eventCounts.byBucket ${rollup} ${group}`,
      text: countByBucket(rollup, group ?? 'null'),
      values: [...parameters(tenantId, filter, coverBucketCounts(range, starts)), starts.map(toIso)],
    });
    return rows.flatMap(readSeries);
  }
}

function readSeries({ group, points }: SeriesRow): BucketCount[] {
  return points.split(',').map((point) => {
    const space = point.indexOf(' ');
    return { n: Number(point.slice(0, space)), group, count: Number(point.slice(space + 1)) };
  });
}

const rollupFor = (filter: CountFilter, group?: SeriesGroup): Rollup =>
  filter.client_id === undefined && group !== 'client_id' ? 'event_totals' : 'event_rollups';

function parameters(tenantId: string, filter: CountFilter, cover: CountCover): unknown[] {
  const spans = [...COUNT_GRANULARITIES.map((granularity) => cover[granularity]), cover.rows].flatMap(signedSpanArrays);
  return [
    tenantId,
    filter.client_id ?? null,
    filter.event_type ?? null,
    ...spans,
    uuid7LowerBound(Date.now() + DAY_MS),
  ];
}
