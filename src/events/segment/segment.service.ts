import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { bodyValidatorFor, invalidBody, MAX_LISTED } from '../../platform/http/body/body-validator.js';
import { allFaults } from '../../platform/http/field-fault.js';
import { fairMap } from '../../platform/http/fair-map.js';
import type { Principal } from '../../platform/http/principal.js';
import { type FieldError, Problem } from '../../platform/http/problem.js';
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
  async acceptOne(principal: Principal, type: SegmentCall, body: unknown, call?: OpenCall): Promise<SegmentResponse> {
    return this.accept(principal, [body], type, {}, '', call);
  }

  /**
   * Bad messages do not affect the others: an SDK throws a refused batch away whole.
   * @throws Problem 400 when no message is valid
   */
  async acceptBatch(principal: Principal, body: unknown, call?: OpenCall): Promise<SegmentResponse> {
    const envelope = BATCH.check(body);
    const { batch } = envelope;
    if (batch.length > this.maxMessages) {
      const message = `has ${batch.length} messages; send at most ${this.maxMessages} per request`;
      throw invalidBody([{ path: 'batch', message }]);
    }
    return this.accept(principal, batch, undefined, envelope, 'batch', call);
  }

  private async accept(
    principal: Principal,
    messages: readonly unknown[],
    type: SegmentCall | undefined,
    envelope: Envelope,
    parent: string,
    call?: OpenCall,
  ): Promise<SegmentResponse> {
    const parsed = await fairMap(messages, (message) => parseSegmentMessage(message, type, envelope, principal));
    const outcomes = await this.events.accept(
      principal,
      parsed,
      call,
      (path, index) => toSegmentPath(path, messages[index] as Message),
      (events) => ({ status: 200, remark: remarkOn(events, parent) }),
    );
    const response = summarize(outcomes, parent);
    if (response.rejected > 0 || response.conflicts > 0) this.report(response, messages.length);
    if (response.rejected === messages.length && messages.length > 0) throw nothingValid(response);
    return response;
  }

  /** SDKs do not read the answer, so the faults are logged here and in the call log. */
  private report(response: SegmentResponse, messages: number): void {
    this.warning.warn(`Segment API: ${describe(response.errors ?? [], messages, response)}`);
  }
}

function remarkOn(events: readonly (AcceptableEvent | FieldError)[], parent: string): string | null {
  const faults = listFaults(
    events.map((event) => (isFault(event) ? [event] : [])),
    parent,
  );
  return faults.length === 0 ? null : describe(faults, events.length);
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

function summarize(outcomes: readonly Outcome[], parent: string): SegmentResponse {
  const count = (status: Outcome['status']) => outcomes.filter((outcome) => outcome.status === status).length;
  const errors = listFaults(outcomes.map(toFaults), parent).slice(0, MAX_LISTED);
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

function describe(faults: readonly FieldError[], messages: number, counts?: SegmentResponse): string {
  const what =
    counts === undefined ? `${faults.length} rejected` : `${counts.rejected} rejected, ${counts.conflicts} in conflict`;
  const listed = faults.slice(0, 3).map(({ path, message }) => `${path} ${message}`.trim());
  return `${what} of ${messages}: ${listed.join('; ')}`;
}

function nothingValid(response: SegmentResponse): Problem {
  const { accepted, duplicates, conflicts, rejected, errors = [] } = response;
  const { detail } = invalidBody(errors);
  return new Problem(400, detail, { errors, members: { accepted, duplicates, conflicts, rejected } });
}
