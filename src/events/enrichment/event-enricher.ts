import { Injectable } from '@nestjs/common';
import { writeJson } from '../../platform/json/json-text.js';
import { invalidBody } from '../../platform/http/body/body-validator.js';
import { checkPayload, MAX_KEYS } from '../../platform/http/body/payload-check.js';
import { allows, type Principal } from '../../platform/http/principal.js';
import { Problem } from '../../platform/http/problem.js';
import type { EventResponse } from '../reading/events.dto.js';
import type { EnrichedResponse, EnrichEventDto } from './enrichment.dto.js';
import { EventReader } from '../reading/event-reader.js';
import { MAX_EVENT_BYTES } from '../parsing/event-parser.js';
import { EventsRepository } from '../reading/events.repository.js';

const NAME = 'additional_properties';

/** Adds properties that a client learns later to stored events. */
@Injectable()
export class EventEnricher {
  constructor(
    private readonly reader: EventReader,
    private readonly events: EventsRepository,
  ) {}

  /**
   * Merges properties into the enrichment of an event: a name that is there already gets the new value. The merge is
   * one statement on the row, so concurrent calls lose nothing.
   * @returns the event, or only its ids when the caller may not read
   * @throws Problem 400 for properties that cannot be stored, 404, and 422 when the whole grows too large
   */
  async enrich(
    caller: Principal,
    id: string,
    body: EnrichEventDto,
    clientId?: string,
  ): Promise<EventResponse | EnrichedResponse> {
    const properties = readProperties(body[NAME]);
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

/** @returns JSON of the properties @throws Problem 400 for what cannot be stored */
function readProperties(properties: object): string {
  if (Array.isArray(properties)) return '{}'; // PHP's way to write it; the schema lets no other array in
  const fault = checkPayload(properties, NAME);
  if (fault !== null) throw invalidBody([fault]);
  return writeJson(properties);
}
