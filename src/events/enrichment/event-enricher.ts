import { Injectable } from '@nestjs/common';
import { checkPayload, MAX_KEYS } from '../../platform/http/body/payload-check.js';
import { allows, type Principal } from '../../platform/http/principal.js';
import { badRequest, Problem, refuseUnknownFields } from '../../platform/http/problem.js';
import type { EventResponse } from '../reading/events.dto.js';
import type { EnrichedResponse } from './enrichment.dto.js';
import { EventReader } from '../reading/event-reader.js';
import { MAX_EVENT_BYTES } from '../parsing/event-parser.js';
import { EventsRepository } from '../reading/events.repository.js';

const NAME = 'additional_properties';

/** Adds what a client learns later to events that are stored. */
@Injectable()
export class EventEnricher {
  constructor(
    private readonly reader: EventReader,
    private readonly events: EventsRepository,
  ) {}

  /**
   * Merges properties into the enrichment of an event: a name that is there already gets the new value.
   * The merge is one statement on the row, so calls at the same time lose nothing.
   * @returns the event, or only its ids when the caller may not read
   * @throws Problem 400 for properties that cannot be stored, 404, and 422 when the whole grows too large
   */
  async enrich(
    caller: Principal,
    id: string,
    body: unknown,
    clientId?: string,
  ): Promise<EventResponse | EnrichedResponse> {
    const properties = readProperties(body);
    const event = await this.reader.getChangeable(caller, id, clientId);
    if (!(await this.events.enrich(caller.tenantId, event.id, properties, MAX_EVENT_BYTES, MAX_KEYS))) {
      throw new Problem(
        422,
        `The enrichment of this event would grow beyond ${MAX_EVENT_BYTES} bytes or ${MAX_KEYS} names. Nothing was changed.`,
      );
    }
    if (!allows(caller.scopes, 'read')) return { id: event.id, event_id: event.event_id };
    return this.reader.get(caller, event.id);
  }
}

/** @returns JSON of the properties */
function readProperties(body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrongBody();
  refuseUnknownFields(body, NAME);
  const properties = (body as Record<string, unknown>)[NAME];
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) throw wrongBody();
  const fault = checkPayload(properties, NAME);
  if (fault !== null) throw badRequest(`${fault.path} ${fault.message}.`, [fault]);
  return JSON.stringify(properties);
}

const wrongBody = () =>
  badRequest('The body must be an object like {"additional_properties":{…}}.', [
    { path: NAME, message: 'must be a JSON object' },
  ]);
