import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { printedTime } from '../../platform/database/time-sql.js';
import { toIso } from '../../platform/time/time.js';
import {
  type JourneyEvent,
  type JourneyPlace,
  MAX_SESSIONS,
  RECENT_EVENTS,
  type RecentEvent,
  type SessionSummary,
  type TypeSummary,
  type UserQuestion,
} from '../event-store/user-questions.js';
import { filterSqlFor } from '../filters/filter-sql.js';
import { CONTEXT_COLUMNS, WITH_CONTEXT } from '../properties/event-context.js';
import { IS_COUNTED } from '../rollups/counted-events-sql.js';

/**
 * $1 tenant, $2 user, $3 from, $4 to. Whether an event is counted is checked outside, so that it is planned once and
 * not for each partition.
 */
const mine = (condition: string) => `(
  select * from events where tenant_id = $1 and user_id = $2 and event_time >= $3 and event_time < $4 offset 0
) e where ${IS_COUNTED} and ${condition}`;

/**
 * The user's events with the session each belongs to: `session_id` where the client gave one. The others form sessions
 * among themselves (`part`), which end after 30 minutes without an event.
 */
const sessions = (condition: string) => `
opened as (
  select e.id, e.event_time, e.session_id,
         e.session_id is null and coalesce(e.event_time - lag(e.event_time) over mine >= interval '30 minutes', true) as opens
  from ${mine(condition)}
  window mine as (partition by e.session_id is null order by e.event_time, e.id)
), numbered as (
  select *, case when session_id is null then count(*) filter (where opens) over (
    partition by session_id is null order by event_time, id) end as part
  from opened
)`;

const byType = (condition: string) => `/* userEvents.byType */
select e.event_type, count(*)::float8 as count, ${printedTime('min(e.event_time)')} as first_time,
  ${printedTime('max(e.event_time)')} as last_time
from ${mine(condition)} group by 1 order by 2 desc, e.event_type`;

const listSessions = (condition: string, limit: string) => `/* userEvents.listSessions */
with ${sessions(condition)}
select session_id, ${printedTime('min(event_time)')} as started_at, ${printedTime('max(event_time)')} as ended_at,
       count(*)::float8 as events
from numbered group by session_id, part order by min(event_time) desc, session_id limit ${limit}`;

const recent = (condition: string, limit: string) => `/* userEvents.recent */
select e.id, e.event_id, e.event_type, ${printedTime('e.event_time')} as event_time, e.client_id, e.session_id, e.payload, ${CONTEXT_COLUMNS}
from events e ${WITH_CONTEXT} where e.tenant_id = $1 and e.user_id = $2 and e.event_time >= $3 and e.event_time < $4 and ${IS_COUNTED}
  and ${condition}
order by e.event_time desc, e.id desc limit ${limit}`;

/** @param place time and id of the last event of the page before, or null */
const journey = (condition: string, [time, id]: [time: string, id: string], limit: string) => `/* userEvents.journey */
with ${sessions(condition)}, placed as (
  select *, min(event_time) over session as started_at, max(event_time) over session as ended_at,
         (count(*) over session)::float8 as events
  from numbered window session as (partition by session_id, part)
), page as (
  select * from placed where ${time}::timestamptz is null or (event_time, id) > (${time}, ${id}::uuid)
  order by event_time, id limit ${limit}
)
select e.id, e.event_id, e.event_type, ${printedTime('e.event_time')} as event_time, e.client_id, e.payload, ${CONTEXT_COLUMNS},
       p.session_id, p.part, ${printedTime('p.started_at')} as started_at,
       ${printedTime('p.ended_at')} as ended_at, p.events
from page p join events e on e.tenant_id = $1 and e.id = p.id ${WITH_CONTEXT} order by p.event_time, p.id`;

/** What one user did, from the events themselves, which an index finds by user. */
@Injectable()
export class UserEventsRepository {
  async countByType(sql: Sql, tenantId: string, question: UserQuestion): Promise<TypeSummary[]> {
    const { parameters, condition } = await prepare(sql, tenantId, question);
    return (await sql.query<TypeSummary>(byType(condition), parameters.values)).rows;
  }

  /** Newest first. */
  async listSessions(sql: Sql, tenantId: string, question: UserQuestion): Promise<SessionSummary[]> {
    const { parameters, condition } = await prepare(sql, tenantId, question);
    const text = listSessions(condition, parameters.add(MAX_SESSIONS));
    return (await sql.query<SessionSummary>(text, parameters.values)).rows;
  }

  /** Newest first. */
  async listRecent(sql: Sql, tenantId: string, question: UserQuestion): Promise<RecentEvent[]> {
    const { parameters, condition } = await prepare(sql, tenantId, question);
    const text = recent(condition, parameters.add(RECENT_EVENTS));
    return (await sql.query<RecentEvent>(text, parameters.values)).rows;
  }

  /** Oldest first, from after `after` on. */
  async listJourney(
    sql: Sql,
    tenantId: string,
    question: UserQuestion,
    limit: number,
    after?: JourneyPlace,
  ): Promise<JourneyEvent[]> {
    const { parameters, condition } = await prepare(sql, tenantId, question);
    const place: [string, string] = [parameters.add(after?.time ?? null), parameters.add(after?.id ?? null)];
    const text = journey(condition, place, parameters.add(limit));
    return (await sql.query<JourneyEvent>(text, parameters.values)).rows;
  }
}

async function prepare(sql: Sql, tenantId: string, { userId, range, filter }: UserQuestion) {
  const parameters = new Parameters();
  for (const value of [tenantId, userId, toIso(range.from), toIso(range.to)]) parameters.add(value);
  const filters = await filterSqlFor(sql, tenantId, parameters, [filter]);
  return { parameters, condition: filters.condition(filter) };
}
