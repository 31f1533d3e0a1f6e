import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { EventsOverview, OverviewQuestion } from '../event-store/event-store.js';
import { requiredTypes } from '../filters/filter.js';
import { filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';
import { type Effort, errorOfUnits, type Sample, standardError, type UnitSums } from '../sampling/sample.js';
import { isSampled, limitTime, UNIT_OF, unitSums } from '../sampling/sample-sql.js';

interface Row {
  by_type: EventsOverview['byType'] | null;
  trend: EventsOverview['trend'] | null;
  users: number;
  sessions: number;
  user_events: number;
  top: EventsOverview['top'];
}

/** From a sample, before it is scaled up. */
interface Sums extends UnitSums {
  count: number;
}

interface SampledRow extends UnitSums {
  by_type: ({ event_type: string } & Sums)[] | null;
  trend: ({ n: number } & Sums)[] | null;
  users: number;
  user_events: number;
}

/** All from one reading of the events. */
const overview = (bucket: string, condition: string, limit: string) => `/* filteredEvents.read */
with matching as materialized (
  select e.event_type, e.user_id collate "C" as user_id, e.session_id collate "C" as session_id, ${bucket} as n
  from events e where ${condition}
), types as (
  select event_type, count(*) as count from matching group by 1
), buckets as (
  select n, count(*) as count from matching group by 1
), top as (
  select user_id, count(*) as count from matching where user_id is not null
  group by 1 order by 2 desc, 1 limit ${limit}
)
select (select json_agg(t order by count desc, event_type collate "C") from types t) as by_type,
       (select json_agg(b) from buckets b) as trend,
       (select count(distinct user_id)::float8 from matching) as users,
       (select count(distinct session_id)::float8 from matching) as sessions,
       (select count(user_id)::float8 from matching) as user_events,
       (select json_agg(t order by count desc, user_id) from top t) as top`;

/**
 * The same from a sample of users. The busiest of a sample are not the busiest of all, and a session may have events of
 * several users, so of them it says nothing.
 */
const sampledOverview = (bucket: string, condition: string, { unit }: Sample) => `/* filteredEvents.readSampled */
with parts as materialized (
  select e.event_type, ${bucket} as n, ${UNIT_OF[unit]} as unit, e.user_id is not null as has_user, count(*)::float8 as y
  from events e where ${condition} group by 1, 2, 3, 4
), types as (
  ${unitSums('parts', 'event_type')}
), buckets as (
  ${unitSums('parts', 'n')}
), whole as (
  ${unitSums('parts')}
)
select (select json_agg(t order by count desc, event_type collate "C") from types t) as by_type,
       (select json_agg(b) from buckets b) as trend,
       (select count(distinct unit)::float8 from parts where has_user) as users,
       (select coalesce(sum(y), 0) from parts where has_user) as user_events,
       units, coalesce(squares, 0) as squares
from whole`;

function scaleUp(row: SampledRow | undefined, { oneIn }: Sample): EventsOverview {
  const { by_type, trend, users = 0, user_events = 0, units = 0, squares = 0 } = row ?? {};
  const estimate = ({ count, ...sums }: Sums) => ({
    count: count * oneIn,
    standard_error: standardError(sums, oneIn),
  });
  return {
    byType: (by_type ?? []).map((type) => ({ event_type: type.event_type, ...estimate(type) })),
    trend: (trend ?? []).map((bucket) => ({ n: bucket.n, ...estimate(bucket) })),
    total: { standard_error: standardError({ units, squares }, oneIn) },
    users: users * oneIn,
    usersEstimate: { standard_error: errorOfUnits(users, oneIn) },
    userEvents: user_events * oneIn,
    ...{ sessions: null, top: null },
  };
}

/** The dashboard of the events that fit a filter. No rollup knows them, so it is read from the events themselves. */
@Injectable()
export class FilteredEventsRepository {
  async read(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { starts, filter, limit }: OverviewQuestion,
    effort: Effort,
  ): Promise<EventsOverview> {
    const { sample } = effort;
    const parameters = new Parameters();
    parameters.add(tenantId);
    const filters = await filterSqlFor(sql, tenantId, parameters, [filter]);
    const counted = `${countedIn(range, requiredTypes(filter), parameters)} and ${isSampled(sample, parameters)}`;
    const condition = `${counted} and ${filters.condition(filter)}`;
    const bucket = `width_bucket(e.event_time, ${parameters.add(starts.map(toIso))}::timestamptz[])`;
    await limitTime(sql, effort);
    await sql.query(`set local work_mem = '64MB'`);
    if (sample !== undefined) {
      const { rows } = await sql.query<SampledRow>(sampledOverview(bucket, condition, sample), parameters.values);
      return scaleUp(rows[0], sample);
    }
    const text = overview(bucket, condition, parameters.add(limit));
    const { rows } = await sql.query<Row>(text, parameters.values);
    const { by_type, trend, users = 0, sessions = 0, user_events: userEvents = 0, top } = rows[0] ?? {};
    const exact = { total: {}, usersEstimate: {} };
    return { ...exact, byType: by_type ?? [], trend: trend ?? [], users, sessions, userEvents, top: top ?? [] };
  }
}
