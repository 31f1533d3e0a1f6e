import { Injectable } from '@nestjs/common';
import { decodeCursor, type Page, toPage } from '../../platform/http/cursor.js';
import { allows, type Principal } from '../../platform/http/principal.js';
import { notFound } from '../../platform/http/problem.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { isUuid } from '../../platform/database/uuid7.js';
import type { EventResponse, ListEventsQuery } from './events.dto.js';
import { eventTextFault } from '../parsing/event-parser.js';
import { EventsRepository } from './events.repository.js';

@Injectable()
export class EventReader {
  constructor(private readonly events: EventsRepository) {}

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
   * {@link get} for who changes an event: without `admin`, there are only those of the caller's own client.
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

  async list(caller: Principal, query: ListEventsQuery): Promise<Page<EventResponse>> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const rows = await this.events.list(caller.tenantId, toTimeRange(query), query, query.limit + 1, before);
    return toPage(rows, query.limit);
  }
}

const noEvent = () => notFound('There is no event with this id.');
