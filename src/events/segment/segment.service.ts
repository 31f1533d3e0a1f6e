import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { bodyValidatorFor, invalidBody, MAX_LISTED } from '../../platform/http/body/body-validator.js';
import { allFaults } from '../../platform/http/field-fault.js';
import { fairMap } from '../../platform/http/fair-map.js';
import { keyOfPart, readIdempotencyKey } from '../../platform/http/idempotency-key.js';
import type { Principal } from '../../platform/http/principal.js';
import { type FieldError, Problem } from '../../platform/http/problem.js';
import { readForeignTime } from '../../platform/time/foreign-time.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import type { AcceptableEvent, Outcome } from '../parsing/event.js';
import { isFault } from '../parsing/event-parser.js';
import { EventsService } from '../ingest/events.service.js';
import { type Envelope, type Message, parseSegmentMessage, toSegmentPath } from './segment-message.js';
import { LEAST_BATCH_LIMIT, SegmentBatchDto, type SegmentCall, type SegmentResponse } from './segment.dto.js';

const BATCH = bodyValidatorFor(SegmentBatchDto);

/** Segment's tracking API: takes what its SDKs send. */
@Injectable()
export class SegmentService {
  private readonly warning = new RareWarning(new Logger(SegmentService.name));
  private readonly maxMessages: number;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly events: EventsService,
  ) {
    this.maxMessages = Math.max(config.MAX_BATCH_SIZE, LEAST_BATCH_LIMIT);
  }

  /** @throws Problem 400 for a message that is not valid */
  async acceptOne(
    principal: Principal,
    type: SegmentCall,
    body: unknown,
    idempotencyKey?: string,
    call?: OpenCall,
  ): Promise<SegmentResponse> {
    const key = readIdempotencyKey(idempotencyKey);
    return this.accept(principal, { messages: [body], type, envelope: {}, parent: '', keyOf: () => key }, call);
  }

  /**
   * Bad messages do not affect the others: an SDK throws a refused batch away whole.
   * @throws Problem 400 when no message is valid
   */
  async acceptBatch(
    principal: Principal,
    body: unknown,
    idempotencyKey?: string,
    call?: OpenCall,
  ): Promise<SegmentResponse> {
    const key = readIdempotencyKey(idempotencyKey);
    const envelope = BATCH.check(body);
    const { batch } = envelope;
    if (batch.length > this.maxMessages) {
      const message = `has ${batch.length} messages; send at most ${this.maxMessages} per request`;
      throw invalidBody([{ path: 'batch', message }]);
    }
    const keyOf = (index: number) => keyOfPart(key, index);
    const notes = noteOnEnvelope(envelope);
    return this.accept(principal, { messages: batch, type: undefined, envelope, parent: 'batch', keyOf, notes }, call);
  }

  private async accept(
    principal: Principal,
    { messages, type, envelope, parent, keyOf, notes: own = [] }: Delivery,
    call?: OpenCall,
  ): Promise<SegmentResponse> {
    const notes: FieldError[] = [...own];
    const parsed = await fairMap(messages, (message, index) => {
      const told: FieldError[] = [];
      const event = parseSegmentMessage(message, type, { envelope, part: keyOf(index), notes: told }, principal);
      notes.push(...told.map(({ path, message: text }) => ({ path: joined(parent, index, path), message: text })));
      return event;
    });
    const outcomes = await this.events.accept(
      principal,
      parsed,
      call,
      (path, index) => toSegmentPath(path, messages[index] as Message),
      (events) => ({ status: 200, remark: remarkOn(events, parent, notes) }),
    );
    const response = summarize(outcomes, parent, notes);
    if (response.errors !== undefined) this.report(response, messages.length);
    if (response.rejected === messages.length && messages.length > 0) throw nothingValid(response);
    return response;
  }

  /** SDKs do not read the answer, so the faults are logged here and in the call log. */
  private report(response: SegmentResponse, messages: number): void {
    this.warning.warn(`Segment API: ${describe(response.errors ?? [], messages, response)}`);
  }
}

/** The messages of one request. */
interface Delivery {
  messages: readonly unknown[];
  /** What the address says they are. */
  type: SegmentCall | undefined;
  envelope: Envelope;
  /** The member that holds them. */
  parent: string;
  /** The id of a message that has none, by its place. */
  keyOf: (index: number) => string | undefined;
  /** On the envelope. */
  notes?: FieldError[];
}

function noteOnEnvelope({ sentAt }: Envelope): FieldError[] {
  const isReadable = sentAt === undefined || sentAt === null || sentAt === '' || readForeignTime(sentAt) !== null;
  return isReadable
    ? []
    : [{ path: 'sentAt', message: 'is not a time that can be read, so it does not correct the times' }];
}

function remarkOn(
  events: readonly (AcceptableEvent | FieldError)[],
  parent: string,
  notes: readonly FieldError[],
): string | null {
  const faults = listFaults(
    events.map((event) => (isFault(event) ? [event] : [])),
    parent,
  );
  const told = [...faults, ...notes];
  return told.length === 0 ? null : describe(told, events.length, { rejected: faults.length, noted: notes.length });
}

/** @param faults of each message */
function listFaults(faults: readonly (readonly FieldError[])[], parent: string): FieldError[] {
  return faults.flatMap((own, index) =>
    own.map(({ path, message }) => ({ path: joined(parent, index, path), message })),
  );
}

function joined(parent: string, index: number, path: string): string {
  if (parent === '') return path;
  return path === '' ? `${parent}[${index}]` : `${parent}[${index}].${path}`;
}

function summarize(outcomes: readonly Outcome[], parent: string, notes: readonly FieldError[]): SegmentResponse {
  const count = (status: Outcome['status']) => outcomes.filter((outcome) => outcome.status === status).length;
  const errors = [...listFaults(outcomes.map(toFaults), parent), ...notes].slice(0, MAX_LISTED);
  return {
    success: true,
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    conflicts: count('conflict'),
    rejected: count('rejected'),
    ...(errors.length === 0 ? {} : { errors }),
  };
}

function toFaults(outcome: Outcome): FieldError[] {
  if (outcome.status === 'rejected') return allFaults({ ...outcome, path: outcome.path ?? '' });
  if (outcome.status !== 'conflict') return [];
  const first = outcome.id === undefined ? '' : ` (${outcome.id})`;
  return [{ path: 'messageId', message: `was used before with other content; the first is kept${first}` }];
}

interface Counts {
  rejected: number;
  conflicts?: number;
  /** Taken with another time than they say. */
  noted?: number;
}

function describe(faults: readonly FieldError[], messages: number, { rejected, conflicts, noted }: Counts): string {
  const counts = [`${rejected} rejected`];
  if (conflicts !== undefined) counts.push(`${conflicts} in conflict`);
  if (noted !== undefined && noted > 0) counts.push(`${noted} times not as sent`);
  const what = counts.join(', ');
  const listed = faults.slice(0, 3).map(({ path, message }) => `${path} ${message}`.trim());
  return `${what} of ${messages}: ${listed.join('; ')}`;
}

function nothingValid(response: SegmentResponse): Problem {
  const { accepted, duplicates, conflicts, rejected, errors = [] } = response;
  const { detail } = invalidBody(errors);
  return new Problem(400, detail, { errors, members: { accepted, duplicates, conflicts, rejected } });
}
