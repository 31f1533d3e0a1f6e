import { requiredTypes } from '../filters/filter.js';
import { type JourneyPlace, MAX_SESSIONS, RECENT_EVENTS, type UserQuestion } from '../event-store/user-questions.js';
import { parseDateTime, type TimeRange } from '../../platform/time/time.js';
import type { EventsOfTenant } from './events-of-tenant-sql.js';
import { micros, printedTime } from './time-sql.js';

/** Microseconds without an event after which a session without an id ends. */
const SILENCE = 30 * 60 * 1_000_000;
/** Ids in the order of their digits, which is that of PostgreSQL. */
const ID = 'toUInt128(e.id)';

/** The user's events that fit. */
const mine = (events: EventsOfTenant, { userId, range, filter }: UserQuestion): string =>
  events.from(
    range,
    `e.user_id = ${events.add('String', userId)}`,
    events.ofTypes(requiredTypes(filter)),
    events.filter.condition(filter),
  );

/** As PostgreSQL has it in UserEventsRepository: sessions by id; the others are cut by half an hour of silence. */
const sessions = (events: EventsOfTenant, question: UserQuestion): string => `
  select *, if(isNull(session_id), countIf(opens) over before, null) as part from (
    select *, isNull(session_id) and ifNull(at - lagInFrame(toNullable(at)) over before >= ${SILENCE}, 1) as opens
    from (select e.id as id, ${ID} as place, ${events.time} as at, e.session_id as session_id ${mine(events, question)})
    window before as (partition by isNull(session_id) order by at, place rows between unbounded preceding and current row)
  )
  window before as (partition by isNull(session_id) order by at, place rows between unbounded preceding and current row)`;

const printed = (time: string): string => printedTime(`fromUnixTimestamp64Micro(${time}, 'UTC')`);

export const byTypeSql = (events: EventsOfTenant, question: UserQuestion): string => `/* clickhouse.userTypes */
select e.event_type as event_type, count() as count, ${printedTime('min(e.event_time)')} as first_time,
       ${printedTime('max(e.event_time)')} as last_time
${mine(events, question)} group by event_type order by count desc, event_type`;

export const sessionsSql = (events: EventsOfTenant, question: UserQuestion): string => `/* clickhouse.userSessions */
select session_id, ${printed('min(at)')} as started_at, ${printed('max(at)')} as ended_at, count() as events
from (${sessions(events, question)})
group by session_id, part order by min(at) desc, session_id limit ${MAX_SESSIONS}`;

const EVENT = `toString(e.id) as id, e.event_id as event_id, e.event_type as event_type, e.client_id as client_id,
  ${printedTime('e.event_time')} as event_time, e.session_id as session_id, e.payload as payload, e.enrichment as enrichment`;

export const recentSql = (events: EventsOfTenant, question: UserQuestion): string => `/* clickhouse.userRecent */
select ${EVENT} ${mine(events, question)} order by e.event_time desc, ${ID} desc limit ${RECENT_EVENTS}`;

export interface PlaceRow {
  id: string;
  at: number;
  session_id: string | null;
  part: number | null;
  started_at: string;
  ended_at: string;
  events: number;
}

/** A page of the journey, without what the events say. */
export function journeySql(
  events: EventsOfTenant,
  question: UserQuestion,
  limit: number,
  after: JourneyPlace | undefined,
): string {
  const behind =
    after === undefined
      ? ''
      : `where (at, place) > (${events.add('Int64', micros(parseDateTime(after.time) ?? 0))}, toUInt128(${events.add('UUID', after.id)}))`;
  return `/* clickhouse.journey */
select toString(id) as id, at, session_id, part, ${printed('started')} as started_at, ${printed('ended')} as ended_at, events
from (
  select id, place, at, session_id, part, min(at) over session as started, max(at) over session as ended,
         count() over session as events
  from (${sessions(events, question)}) window session as (partition by session_id, part)
) ${behind} order by at, place limit ${events.add('UInt32', limit)}`;
}

/** What the events of a page say. */
export const eventsSql = (events: EventsOfTenant, userId: string, range: TimeRange, ids: readonly string[]): string =>
  `/* clickhouse.events */
select ${EVENT} ${events.from(range, `e.user_id = ${events.add('String', userId)}`, `e.id in ${events.add('Array(UUID)', ids)}`)}`;
