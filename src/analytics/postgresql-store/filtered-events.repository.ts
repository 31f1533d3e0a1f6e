import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { EventsOverview, OverviewQuestion } from '../event-store/event-store.js';
import { requiredTypes } from '../filters/filter.js';
import { filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';

interface Row {
  by_type: EventsOverview['byType'] | null;
  trend: EventsOverview['trend'] | null;
  users: number;
  sessions: number;
  user_events: number;
  top: EventsOverview['top'] | null;
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

/** The dashboard of the events that fit a filter. No rollup knows them, so it is read from the events themselves. */
@Injectable()
export class FilteredEventsRepository {
  async read(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { starts, filter, limit }: OverviewQuestion,
  ): Promise<EventsOverview> {
    const parameters = new Parameters();
    parameters.add(tenantId);
    const filters = await filterSqlFor(sql, tenantId, parameters, [filter]);
    const condition = `${countedIn(range, requiredTypes(filter), parameters)} and ${filters.condition(filter)}`;
    const bucket = `width_bucket(e.event_time, ${parameters.add(starts.map(toIso))}::timestamptz[])`;
    await sql.query(`set local work_mem = '64MB'`);
    const text = overview(bucket, condition, parameters.add(limit));
    const { rows } = await sql.query<Row>(text, parameters.values);
    const { by_type, trend, users = 0, sessions = 0, user_events: userEvents = 0, top } = rows[0] ?? {};
    return { byType: by_type ?? [], trend: trend ?? [], users, sessions, userEvents, top: top ?? [] };
  }
}
