import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { fairMap } from '../../platform/http/fair-map.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, type FieldError, Problem } from '../../platform/http/problem.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import type { AcceptableEvent, Outcome } from '../parsing/event.js';
import { isFault } from '../parsing/event-parser.js';
import { EventsService } from '../ingest/events.service.js';
import {
  type Envelope,
  type Message,
  parseSegmentMessage,
  type SegmentCall,
  toSegmentPath,
} from './segment-message.js';
import type { SegmentResponse } from './segment.dto.js';

/** An SDK fills a batch to 500 KB, which is more small messages than MAX_BATCH_SIZE, and it cannot be told to send fewer. */
const LEAST_BATCH_LIMIT = 2_500;
const LISTED_FAULTS = 20;

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
   * Bad messages don't sink the others: an SDK that is refused a batch throws all of it away.
   * @throws Problem 400 when no message is valid
   */
  async acceptBatch(principal: Principal, body: unknown, call?: OpenCall): Promise<SegmentResponse> {
    const batch = (body as { batch?: unknown } | null)?.batch;
    if (!Array.isArray(batch)) {
      throw badRequest('batch must be an array of messages.', [{ path: 'batch', message: 'must be an array' }]);
    }
    if (batch.length > this.maxMessages) {
      const message = `has ${batch.length} messages; send at most ${this.maxMessages} per request`;
      throw badRequest(`batch ${message}.`, [{ path: 'batch', message }]);
    }
    return this.accept(principal, batch, undefined, body as Envelope, 'batch', call);
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

  /** SDKs don't read the answer to what they sent, so it is said here and in the call log too. */
  private report(response: SegmentResponse, messages: number): void {
    this.warning.warn(`Segment API: ${describe(response.errors ?? [], messages, response)}`);
  }
}

function remarkOn(events: readonly (AcceptableEvent | FieldError)[], parent: string): string | null {
  const faults = listFaults(
    events.map((event) => (isFault(event) ? event : null)),
    parent,
  );
  return faults.length === 0 ? null : describe(faults, events.length);
}

function listFaults(faults: readonly (FieldError | null)[], parent: string): FieldError[] {
  return faults.flatMap((fault, index) =>
    fault === null ? [] : [{ path: joined(parent, index, fault.path), message: fault.message }],
  );
}

function joined(parent: string, index: number, path: string): string {
  if (parent === '') return path;
  return path === '' ? `${parent}[${index}]` : `${parent}[${index}].${path}`;
}

function summarize(outcomes: readonly Outcome[], parent: string): SegmentResponse {
  const count = (status: Outcome['status']) => outcomes.filter((outcome) => outcome.status === status).length;
  const faults = outcomes.map((outcome) => toFault(outcome));
  const errors = listFaults(faults, parent);
  return {
    success: true,
    accepted: count('accepted'),
    duplicates: count('duplicate'),
    conflicts: count('conflict'),
    rejected: count('rejected'),
    ...(errors.length === 0 ? {} : { errors }),
  };
}

function toFault(outcome: Outcome): FieldError | null {
  if (outcome.status === 'rejected') return { path: outcome.path ?? '', message: outcome.message };
  if (outcome.status !== 'conflict') return null;
  const first = outcome.id === undefined ? '' : ` (${outcome.id})`;
  return { path: 'messageId', message: `was used before with other content; the first is kept${first}` };
}

function describe(faults: readonly FieldError[], messages: number, counts?: SegmentResponse): string {
  const what =
    counts === undefined ? `${faults.length} rejected` : `${counts.rejected} rejected, ${counts.conflicts} in conflict`;
  const listed = faults.slice(0, 3).map(({ path, message }) => `${path} ${message}`.trim());
  return `${what} of ${messages}: ${listed.join('; ')}`;
}

function nothingValid(response: SegmentResponse): Problem {
  const errors = (response.errors ?? []).slice(0, LISTED_FAULTS);
  const [first] = errors;
  const { accepted, duplicates, conflicts, rejected } = response;
  return new Problem(400, `${first?.path ?? ''} ${first?.message ?? 'is not valid'}.`.trim(), {
    errors,
    members: { accepted, duplicates, conflicts, rejected },
  });
}
