import { rangeOf } from '../../platform/http/range.dto.js';
import { Injectable } from '@nestjs/common';
import { unknownCursor } from '../../platform/http/cursor.js';
import { boundedTextFault } from '../../platform/http/body/payload-check.js';
import { badRequest } from '../../platform/http/problem.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { DAY_MS, dateTimeFault, parseDateTime, toIso } from '../../platform/time/time.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { enrichmentOf } from '../properties/event-context.js';
import { EventStore } from '../event-store/event-store.js';
import { UnseenProperties } from '../event-store/unseen-properties.js';
import type { JourneyEvent, JourneyPlace, UserEvent } from '../event-store/user-questions.js';
import { SegmentFilters } from '../segments/segment-filters.js';
import { bucketStarts } from '../time/local-time.js';
import type {
  JourneyQuery,
  JourneyResponse,
  JourneySession,
  RetentionQuery,
  RetentionResponse,
  UserOverviewResponse,
} from './users.dto.js';
import type { OverviewQuery } from '../overview/overview.dto.js';

const MAX_USER_ID = 255;
/** A cohort per time window and a number for each later one: the answer grows with the square. */
const MAX_PERIODS = 100;

@Injectable()
export class UsersService {
  constructor(
    private readonly events: EventStore,
    private readonly unseen: UnseenProperties,
    private readonly segments: SegmentFilters,
  ) {}

  async getUser(tenantId: string, userId: string, query: OverviewQuery): Promise<UserOverviewResponse> {
    const range = toTimeRange(query);
    const filter = await this.segments.filterOf(tenantId, query);
    const { byType, sessions, recent } = await this.events.describeUser(tenantId, { userId, range, filter });
    const times = byType.flatMap(({ first_time, last_time }) => [instant(first_time), instant(last_time)]);
    const unseen = byType.length === 0 ? await this.unseen.describe(tenantId, range, filter) : {};
    return {
      ...rangeOf(range),
      user_id: userId,
      total_events: byType.reduce((sum, { count }) => sum + count, 0),
      first_seen: times.length === 0 ? null : toIso(Math.min(...times)),
      last_seen: times.length === 0 ? null : toIso(Math.max(...times)),
      by_type: byType.map(({ event_type, count }) => ({ event_type, count })),
      sessions: sessions.map(({ session_id, started_at, ended_at, events }) => ({
        session_id,
        started_at,
        ended_at,
        duration_s: Math.round((instant(ended_at) - instant(started_at)) * 1000) / 1e6,
        events,
      })),
      recent_events: recent.map((event) => ({ ...describeEvent(event), session_id: event.session_id })),
      ...unseen,
    };
  }

  async getJourney(tenantId: string, userId: string, query: JourneyQuery): Promise<JourneyResponse> {
    requireUserId(userId);
    const range = toTimeRange(query);
    const after = query.cursor === undefined ? undefined : decodePlace(query.cursor);
    const filter = await this.segments.filterOf(tenantId, query);
    const rows = await this.events.listJourney(tenantId, { userId, range, filter }, query.limit + 1, after);
    const unseen = rows.length === 0 ? await this.unseen.describe(tenantId, range, filter) : {};
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    return {
      ...rangeOf(range),
      user_id: userId,
      sessions: toSessions(page),
      next_cursor:
        rows.length > query.limit && last !== undefined ? encodePlace({ time: last.event_time, id: last.id }) : null,
      ...unseen,
    };
  }

  async getRetention(tenantId: string, query: RetentionQuery): Promise<RetentionResponse> {
    const { interval, tz } = query;
    const asked = toTimeRange(query);
    const starts = bucketStarts(asked, interval, tz, MAX_PERIODS);
    if (starts.length > MAX_PERIODS) {
      const advice = interval === 'day' ? 'interval=week or a shorter range' : 'a shorter range';
      throw badRequest(`This range has more than ${MAX_PERIODS} periods of one ${interval}. Ask for ${advice}.`, [
        { path: 'interval', message: `gives more than ${MAX_PERIODS} periods` },
      ]);
    }
    // The time window after the last one begins where the last one ends, which is no later than eight days after its
    // start.
    const last = starts.at(-1) ?? asked.to;
    const end = bucketStarts({ from: last, to: last + 9 * DAY_MS }, interval, tz, 10)[1] ?? asked.to;
    const bounds = [...starts, end];
    const filter = await this.segments.filterOf(tenantId, query);
    const { data: rows, sample } = await this.events.listRetained(tenantId, bounds, filter, query.sampling);
    const found = new Map(rows.map(({ cohort, period, ...counted }) => [`${cohort} ${period}`, counted]));
    const none = sample === undefined ? { users: 0 } : { users: 0, standard_error: null };
    const buckets = starts.map(toIso);
    const data = buckets.map((cohort, index) => {
      const size = found.get(`${index + 1} ${index + 1}`) ?? none;
      const periods = buckets.slice(index).map((bucket, period) => {
        const retained = found.get(`${index + 1} ${index + 1 + period}`) ?? none;
        return { period, bucket, ...retained, rate: size.users === 0 ? 0 : retained.users / size.users };
      });
      return { cohort, ...size, periods };
    });
    const whole = { from: bounds[0] ?? asked.from, to: end };
    const unseen = rows.length === 0 ? await this.unseen.describe(tenantId, whole, filter) : {};
    return { ...rangeOf(whole), interval, tz, data, ...(sample === undefined ? {} : { sample }), ...unseen };
  }
}

function requireUserId(userId: string): void {
  const message = boundedTextFault(userId, MAX_USER_ID);
  if (message !== null) throw badRequest(`user_id ${message}.`, [{ path: 'user_id', message }]);
}

function describeEvent(event: UserEvent) {
  const { id, event_id, event_type, event_time, client_id, payload } = event;
  const enrichment = enrichmentOf(event);
  return { id, event_id, event_type, event_time, client_id, payload, enrichment };
}

/** Sessions in the order of their first event on this page. */
function toSessions(events: readonly JourneyEvent[]): JourneySession[] {
  const sessions = new Map<string, JourneySession>();
  for (const event of events) {
    const key = event.session_id === null ? `part ${event.part}` : `id ${event.session_id}`;
    let session = sessions.get(key);
    if (session === undefined) {
      session = {
        session_id: event.session_id,
        started_at: event.started_at,
        ended_at: event.ended_at,
        event_count: event.events,
        events: [],
      };
      sessions.set(key, session);
    }
    session.events.push(describeEvent(event));
  }
  return [...sessions.values()];
}

/** Of a time that PostgreSQL has printed. */
const instant = (time: string): number => parseDateTime(time) ?? 0;

function encodePlace({ time, id }: JourneyPlace): string {
  return Buffer.from(`${time} ${id}`, 'latin1').toString('base64url');
}

function decodePlace(cursor: string): JourneyPlace {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  const place = { time, id };
  if (dateTimeFault(time) !== null || !isUuid(id) || encodePlace(place) !== cursor) throw unknownCursor();
  return place;
}
