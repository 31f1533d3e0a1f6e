import { Inject, Injectable } from '@nestjs/common';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { recordOfOnePerson } from '../../audit/call-log/one-person.js';
import { RateLimiter } from '../../auth/limits/rate-limiter.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { bodyValidatorFor, invalidBody, nothingAccepted } from '../../platform/http/body/body-validator.js';
import { allFaults, type Refusal } from '../../platform/http/field-fault.js';
import { keyOfPart, readIdempotencyKey } from '../../platform/http/idempotency-key.js';
import { fairMap } from '../../platform/http/fair-map.js';
import { type Principal, sendsOnly } from '../../platform/http/principal.js';
import { type FieldError, Problem, tooLarge } from '../../platform/http/problem.js';
import type { AcceptableEvent, Outcome } from '../parsing/event.js';
import { eventTextFault, isFault, parseEvent } from '../parsing/event-parser.js';
import { type BatchResponse, type BatchResult, IngestBatchDto, type IngestedResponse } from './events.dto.js';
import { IngestWriter } from './ingest-writer.js';
import { SchemaGate } from '../schemas/schema-gate.js';

const BATCH = bodyValidatorFor(IngestBatchDto);

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
   * @param idempotencyKey header that means the same as event_id
   * @param call written to the call log in the commit that stores the event
   * @throws Problem 400 for an invalid event, 422 when its id was used for other content
   */
  async ingest(
    principal: Principal,
    body: unknown,
    idempotencyKey?: string,
    call?: OpenCall,
  ): Promise<IngestedResponse> {
    return this.ingestParsed(principal, parseEvent(body, principal, { key: readIdempotencyKey(idempotencyKey) }), call);
  }

  /**
   * {@link ingest} for an event that came in another format and is parsed already.
   * @param rename turns the path of a refused value into the sender's name for it
   */
  async ingestParsed(
    principal: Principal,
    parsed: AcceptableEvent | FieldError,
    call?: OpenCall,
    rename?: Rename,
  ): Promise<IngestedResponse> {
    if (isFault(parsed)) throw invalid(parsed);
    await this.limiter.takeEvents(principal, 1);
    const [event = parsed] = await this.checkSchemas(principal, [parsed], rename);
    if (isFault(event)) throw invalid(event);
    const [outcome] = await this.write(principal, [event], call);
    return toIngested(event, outcome!); // one outcome per event
  }

  /**
   * @param idempotencyKey header from which events without an id get one, by their place
   * @throws Problem 400 when no event is valid; the body then holds the results too
   */
  async ingestBatch(
    principal: Principal,
    body: unknown,
    idempotencyKey?: string,
    call?: OpenCall,
  ): Promise<BatchResponse> {
    const raw = this.readEvents(body);
    const key = readIdempotencyKey(idempotencyKey);
    const ownIds = raw.map((item) => (item as { event_id?: unknown } | null)?.event_id);
    const parse = () =>
      key === undefined
        ? fairMap(raw, (item) => parseEvent(item, principal))
        : fairMap(raw, (item, index) => parseEvent(item, principal, { part: keyOfPart(key, index) }));
    return this.ingestAllParsed(principal, parse, ownIds, call);
  }

  /**
   * {@link ingestBatch} for events that came in another format.
   * @param ownIds the client's own ids of its events, as far as given
   */
  async ingestAllParsed(
    principal: Principal,
    parse: () => Promise<(AcceptableEvent | FieldError)[]>,
    ownIds: readonly unknown[],
    call?: OpenCall,
    rename?: Rename,
  ): Promise<BatchResponse> {
    await this.limiter.takeEvents(principal, ownIds.length);
    const parsed = await this.checkSchemas(principal, await parse(), rename);
    const outcomes = await this.write(principal, parsed, call);
    const results = parsed.map((event, index) =>
      isFault(event) ? rejection(index, event, ownIds[index]) : toResult(index, event, outcomes[index]!),
    );
    const response = summarize(results);
    if (response.rejected === results.length) throw nothingValid(response);
    return response;
  }

  /**
   * Commits the events that are valid, against the caller's event limit.
   * @param answer gives status and remark for the call log once all faults are known
   * @returns one outcome per event, in order; faults are rejected
   */
  async accept(
    principal: Principal,
    parsed: (AcceptableEvent | FieldError)[],
    call: OpenCall | undefined,
    rename: Rename,
    answer: (events: readonly (AcceptableEvent | FieldError)[]) => Answer,
  ): Promise<Outcome[]> {
    await this.limiter.takeEvents(principal, parsed.length);
    const events = await this.checkSchemas(principal, parsed, rename);
    return this.write(principal, events, call, answer(events));
  }

  /** The events, each that does not fit its schema replaced by a refusal. */
  private async checkSchemas(
    principal: Principal,
    parsed: (AcceptableEvent | FieldError)[],
    rename?: Rename,
  ): Promise<(AcceptableEvent | FieldError)[]> {
    const checked = [...parsed];
    await this.gate.check(principal.tenantId, checked);
    if (rename === undefined) return checked;
    return checked.map((event, index) =>
      isFault(event) && event !== parsed[index] ? renamed(event, (path) => rename(path, index)) : event,
    );
  }

  private async write(
    principal: Principal,
    events: readonly (AcceptableEvent | FieldError)[],
    call?: OpenCall,
    { status, remark }: Answer = TAKEN,
  ): Promise<Outcome[]> {
    const valid = events.filter((event): event is AcceptableEvent => !isFault(event));
    const row = call?.toApiCall(status, null, remark);
    if (row !== undefined) row.id = recordOfOnePerson(valid) ?? row.id;
    const outcomes = valid.length === 0 ? [] : await this.writer.write(principal.tenantId, valid, row);
    // The commit includes the call if it stored an event; a call that changed nothing is buffered.
    if (call !== undefined) call.recorded = outcomes.some((outcome) => outcome.status === 'accepted');
    let next = 0;
    const told = sendsOnly(principal) ? outcomes.map(withoutHistory) : outcomes;
    return events.map((event) => (isFault(event) ? { status: 'rejected', ...event } : told[next++]!));
  }

  private readEvents(body: unknown): unknown[] {
    const { events } = BATCH.check(body);
    const max = this.config.MAX_BATCH_SIZE;
    if (events.length > max) throw tooLarge(`The batch has ${events.length} events; send at most ${max} per request.`);
    return events;
  }
}

/** Turns a path within the event at `index` into the path that its sender knows. */
export type Rename = (path: string, index: number) => string;

/** What the call log says about a call. */
interface Answer {
  status: number;
  remark: string | null;
}

const TAKEN: Answer = { status: 202, remark: null };

function renamed(fault: FieldError, rename: (path: string) => string): Refusal {
  const errors = allFaults(fault).map(({ path, message }) => ({ path: rename(path), message }));
  return { path: rename(fault.path), message: fault.message, errors };
}

function invalid(fault: FieldError): Problem {
  return invalidBody(allFaults(fault));
}

function toIngested(event: AcceptableEvent, outcome: Outcome): IngestedResponse {
  const { eventId, warnings } = event;
  const told = warnings === undefined ? {} : { warnings };
  switch (outcome.status) {
    case 'accepted':
      return { id: outcome.id, event_id: eventId, status: 'queued', duplicate: false, ...told };
    case 'duplicate':
      return { id: outcome.id, event_id: eventId, status: outcome.eventStatus, duplicate: true, ...told };
    case 'conflict':
      throw new Problem(422, CONFLICT_SENTENCE, {
        kind: 'idempotency-conflict',
        errors: [{ path: 'event_id', message: 'was used before with other content' }],
        members: { ...idOf(outcome), event_id: eventId },
      });
    case 'rejected':
      throw invalid({ path: outcome.path ?? '', message: outcome.message });
  }
}

/**
 * An outcome without anything about the event that was there before. A caller that may only send must not learn its
 * status, nor the id of an event with other content, which tells when another sender's event was received.
 */
function withoutHistory(outcome: Outcome): Outcome {
  if (outcome.status === 'conflict') return { status: 'conflict' };
  return outcome.status === 'duplicate' ? { ...outcome, eventStatus: 'queued' } : outcome;
}

const idOf = ({ id }: { id?: string }) => (id === undefined ? {} : { id });

const CONFLICT_SENTENCE =
  'An event with this event_id was accepted before with other content. Send changed content under a new event_id.';

function toResult(index: number, event: AcceptableEvent, outcome: Outcome): BatchResult {
  const { eventId: event_id } = event;
  switch (outcome.status) {
    case 'accepted':
    case 'duplicate':
      return { index, status: outcome.status, id: outcome.id, event_id, ...warningsOf(index, event) };
    case 'conflict':
      return {
        index,
        status: 'conflict',
        ...idOf(outcome),
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

function warningsOf(index: number, { warnings }: AcceptableEvent): Pick<BatchResult, 'warnings'> {
  if (warnings === undefined) return {};
  return { warnings: warnings.map(({ path, message }) => ({ path: eventPath(index, path), message })) };
}

/** Gives the client's own id back when there is one, so that it can find the event in its buffer. */
function rejection(index: number, fault: FieldError, own: unknown): BatchResult {
  const more = allFaults(fault).map(({ path, message }) => ({ path: eventPath(index, path), message }));
  return {
    index,
    status: 'rejected',
    ...(typeof own === 'string' && eventTextFault(own) === null ? { event_id: own } : {}),
    error: {
      message: `${fault.path === '' ? 'An event' : fault.path} ${fault.message}`,
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

const nothingValid = (response: BatchResponse) => nothingAccepted('None of the events is valid', response);
