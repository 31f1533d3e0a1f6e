import { Inject, Injectable } from '@nestjs/common';
import type { OpenCall } from '../audit/api-call.js';
import { RateLimiter } from '../auth/rate-limiter.js';
import { CONFIG, type Config } from '../platform/config.js';
import type { Principal } from '../platform/principal.js';
import { badRequest, type FieldError, Problem, tooLarge } from '../platform/problem.js';

import type { AcceptableEvent, Outcome } from './event.js';
import { eventTextFault, isFault, parseEvent } from './event-parser.js';
import type { BatchResponse, BatchResult, IngestedResponse } from './events.dto.js';
import { IngestWriter } from './ingest-writer.js';
import { allFaults, SchemaGate } from './schemas/schema-gate.js';

/** Takes events in: check, commit, answer. */
@Injectable()
export class EventsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly writer: IngestWriter,
    private readonly limiter: RateLimiter,
    private readonly gate: SchemaGate,
  ) {}

  /**
   * @param idempotencyKey header that stands for event_id when the body has none
   * @param call written to the trail in the commit that stores the event
   * @throws Problem 400 for an invalid event, 422 when its id was used for other content
   */
  async ingest(
    principal: Principal,
    body: unknown,
    idempotencyKey?: string,
    call?: OpenCall,
  ): Promise<IngestedResponse> {
    const parsed = [parseEvent(body, principal, checkedHeader(idempotencyKey))];
    if (isFault(parsed[0]!)) throw invalid(parsed[0]);
    await this.limiter.takeEvents(principal, 1);
    await this.gate.check(principal.tenantId, parsed);
    const event = parsed[0]!; // one in, one out
    if (isFault(event)) throw invalid(event);
    const [outcome] = await this.write(principal, [event], call);
    return toIngested(event, outcome!); // one outcome per event
  }

  /** @throws Problem 400 when no event is valid; the body then holds the results too */
  async ingestBatch(principal: Principal, body: unknown, call?: OpenCall): Promise<BatchResponse> {
    const raw = this.readEvents(body);
    await this.limiter.takeEvents(principal, raw.length);
    const parsed = raw.map((item) => parseEvent(item, principal));
    await this.gate.check(principal.tenantId, parsed);
    const valid = parsed.filter((event): event is AcceptableEvent => !isFault(event));
    const outcomes = valid.length === 0 ? [] : await this.write(principal, valid, call);
    let next = 0;
    const results = parsed.map((event, index) =>
      isFault(event) ? rejection(index, event, raw[index]) : toResult(index, event, outcomes[next++]!),
    );
    const response = summarize(results);
    if (response.rejected === results.length) throw nothingValid(response);
    return response;
  }

  private async write(principal: Principal, events: AcceptableEvent[], call?: OpenCall): Promise<Outcome[]> {
    const outcomes = await this.writer.write(principal.tenantId, events, call?.toApiCall(202, null, null));
    // The commit holds the call if it stored an event; a call that changed nothing is left to the buffer.
    if (call !== undefined) call.recorded = outcomes.some(({ status }) => status === 'accepted');
    return outcomes;
  }

  private readEvents(body: unknown): unknown[] {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw badRequest('The body must be an object like {"events":[…]}.');
    }
    const unknown = Object.keys(body).filter((name) => name !== 'events');
    if (unknown.length > 0) {
      const errors = unknown
        .slice(0, 20)
        .map((path) => ({ path: path.slice(0, 100), message: 'is not a known field' }));
      throw badRequest(`The body has unknown fields: ${errors.map((error) => error.path).join(', ')}.`, errors);
    }
    const { events } = body as { events?: unknown };
    if (!Array.isArray(events) || events.length === 0) {
      throw badRequest('events must be an array with at least one event.', [
        { path: 'events', message: 'must be an array with at least one event' },
      ]);
    }
    const max = this.config.MAX_BATCH_SIZE;
    if (events.length > max) throw tooLarge(`The batch has ${events.length} events; send at most ${max} per request.`);
    return events;
  }
}

function checkedHeader(idempotencyKey: string | undefined): string | undefined {
  if (idempotencyKey === undefined) return undefined;
  const fault = eventTextFault(idempotencyKey);
  if (fault !== null) throw invalid({ path: 'Idempotency-Key', message: fault });
  return idempotencyKey;
}

function invalid(fault: FieldError): Problem {
  const { path, message } = fault;
  const subject = path === '' ? 'The body' : path;
  return badRequest(`${subject} ${message}.`, allFaults(fault));
}

function toIngested(event: AcceptableEvent, outcome: Outcome): IngestedResponse {
  const { eventId } = event;
  switch (outcome.status) {
    case 'accepted':
      return { id: outcome.id, event_id: eventId, status: 'queued', duplicate: false };
    case 'duplicate':
      return { id: outcome.id, event_id: eventId, status: outcome.eventStatus, duplicate: true };
    case 'conflict':
      throw new Problem(422, CONFLICT_SENTENCE, {
        kind: 'idempotency-conflict',
        errors: [{ path: 'event_id', message: 'was used before with other content' }],
        members: { id: outcome.id, event_id: eventId },
      });
    case 'rejected':
      throw invalid({ path: outcome.path ?? '', message: outcome.message });
  }
}

const CONFLICT_SENTENCE =
  'An event with this event_id was accepted before with other content. Send changed content under a new event_id.';

function toResult(index: number, event: AcceptableEvent, outcome: Outcome): BatchResult {
  const { eventId: event_id } = event;
  switch (outcome.status) {
    case 'accepted':
    case 'duplicate':
      return { index, status: outcome.status, id: outcome.id, event_id };
    case 'conflict':
      return {
        index,
        status: 'conflict',
        id: outcome.id,
        event_id,
        error: { message: CONFLICT_SENTENCE, path: `events[${index}].event_id` },
      };
    case 'rejected':
      return {
        index,
        status: 'rejected',
        event_id,
        error: { message: outcome.message, path: eventPath(index, outcome.path ?? '') },
      };
  }
}

/** Gives the client's own id back when there is one, so that it can find the event in its buffer. */
function rejection(index: number, fault: FieldError, raw: unknown): BatchResult {
  const own = (raw as { event_id?: unknown } | null)?.event_id;
  const more = allFaults(fault).map(({ path, message }) => ({ path: eventPath(index, path), message }));
  return {
    index,
    status: 'rejected',
    ...(typeof own === 'string' && eventTextFault(own) === null ? { event_id: own } : {}),
    error: {
      message: `${fault.path} ${fault.message}`.trim(),
      path: eventPath(index, fault.path),
      ...(more.length > 1 ? { errors: more } : {}),
    },
  };
}

function eventPath(index: number, path: string): string {
  return path === '' ? `events[${index}]` : `events[${index}].${path}`;
}

function summarize(results: BatchResult[]): BatchResponse {
  const count = (status: BatchResult['status']) => results.filter((result) => result.status === status).length;
  return {
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    conflicts: count('conflict'),
    rejected: count('rejected'),
    results,
  };
}

function nothingValid(response: BatchResponse): Problem {
  return new Problem(400, 'None of the events is valid; results say what is wrong with each.', {
    errors: response.results
      .slice(0, 20)
      .map(({ error }) => ({ path: error?.path ?? '', message: error?.message ?? '' })),
    members: { ...response },
  });
}
