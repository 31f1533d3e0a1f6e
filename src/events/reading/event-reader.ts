import { Injectable } from '@nestjs/common';
import { decodeCursor, toPage } from '../../platform/http/cursor.js';
import { allows, type Principal } from '../../platform/http/principal.js';
import { badRequest, notFound } from '../../platform/http/problem.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { EARLIEST_TIME } from '../../platform/http/field-fault.js';
import { DAY_MS, parseDateTime, type TimeRange } from '../../platform/time/time.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { UnseenProperties } from '../../analytics/event-store/unseen-properties.js';
import { bothOf, equal, filterOfWhere } from '../../analytics/filters/filter.js';
import { SegmentFilters } from '../../analytics/segments/segment-filters.js';
import type { EventPage, EventResponse, ListEventsQuery } from './events.dto.js';
import { eventTextFault } from '../parsing/event-parser.js';
import { EventsRepository } from './events.repository.js';

@Injectable()
export class EventReader {
  constructor(
    private readonly events: EventsRepository,
    private readonly unseen: UnseenProperties,
    private readonly segments: SegmentFilters,
  ) {}

  /**
   * By server id, else by the event_id of `clientId` (default: the caller's).
   * @throws Problem 404, for other tenants' events too
   */
  async get(caller: Principal, id: string, clientId = caller.clientId): Promise<EventResponse> {
    const { tenantId } = caller;
    const byId = isUuid(id) ? await this.events.findById(tenantId, id) : null;
    const event =
      byId ?? (eventTextFault(id) === null ? await this.events.findByEventId(tenantId, clientId, id) : null);
    if (event === null) throw noEvent();
    return event;
  }

  /**
   * {@link get} for callers that change an event: without `admin`, only events of the caller's own client are found.
   * @throws Problem 404
   */
  async getChangeable(caller: Principal, id: string, clientId?: string): Promise<EventResponse> {
    if (allows(caller.scopes, 'admin')) return this.get(caller, id, clientId);
    const { tenantId, clientId: own } = caller;
    const byId = isUuid(id) ? await this.events.findById(tenantId, id) : null;
    if (byId?.client_id === own) return byId;
    if (clientId !== undefined && clientId !== own) throw noEvent();
    const byEventId = eventTextFault(id) === null ? await this.events.findByEventId(tenantId, own, id) : null;
    if (byEventId === null) throw noEvent();
    return byEventId;
  }

  async list(caller: Principal, query: ListEventsQuery): Promise<EventPage> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    if (query.event_id !== undefined) return this.listOne(caller, query.event_id, query);
    const range = toTimeRange(query);
    const condition = bothOf(filterOfWhere(query.where), await this.segments.filterOf(caller.tenantId, query));
    const filter = { ...query, condition };
    const rows = await this.events.list(caller.tenantId, range, filter, query.limit + 1, before);
    const asked = condition && bothOf(...equal({ event_type: query.event_type }), condition);
    const unseen = rows.length === 0 ? await this.unseen.describe(caller.tenantId, range, asked) : {};
    return { ...rangeOf(range), ...toPage(rows, query.limit), ...unseen };
  }

  /** The event with this event_id if it fits the other filters; without a range that was asked for, of any time. */
  private async listOne(caller: Principal, eventId: string, query: ListEventsQuery): Promise<EventPage> {
    if ((query.where ?? query.filters ?? query.segment) !== undefined) {
      throw badRequest('event_id names one event. Leave where, filters and segment out.');
    }
    const isOfAnyTime = (query.from ?? query.to) === undefined;
    const range = isOfAnyTime ? { from: EARLIEST_TIME, to: Date.now() + DAY_MS } : toTimeRange(query);
    const event = await this.events.findByEventId(caller.tenantId, query.client_id ?? caller.clientId, eventId);
    const fits =
      event !== null &&
      FILTERS.every((name) => query[name] === undefined || query[name] === event[name]) &&
      isWithin(event.event_time, range);
    return { ...rangeOf(range), data: fits ? [event] : [], next_cursor: null };
  }
}

const FILTERS = ['event_type', 'user_id', 'session_id', 'status'] as const;

function isWithin(time: string, { from, to }: TimeRange): boolean {
  const at = parseDateTime(time) ?? 0;
  return at >= from && at < to;
}

const noEvent = () => notFound('There is no event with this id.');
