import { Injectable } from '@nestjs/common';
import { recordOf } from '../../audit/entries/act.js';
import { AuditEntryWriter } from '../../audit/entries/entry-writer.js';
import { refuseFaults } from '../../platform/http/body/body-validator.js';
import { decodeCursor, encodeCursor, type Page, toPage } from '../../platform/http/cursor.js';
import type { Sql } from '../../platform/database/database.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, type FieldError, notFound, Problem } from '../../platform/http/problem.js';
import { toIso } from '../../platform/time/time.js';
import { parseAskedTime } from '../../platform/time/asked-time.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { readPayload } from '../parsing/event-parser.js';
import { EventsRepository } from '../reading/events.repository.js';
import { DeadLettersRepository, type DeadLetterFilter, type DeadLetterRow } from './dead-letters.repository.js';
import type { FailedEventResponse, ListFailedQuery, RetriedAllResponse } from './failed-events.dto.js';
import type { RetriedResponse } from './failed-events.dto.js';
import { DeadLetterRetrier, PatchRefused } from './dead-letter-retrier.js';

const DEAD_LETTERS_PER_STEP = 500;
/** After this long a retry of many dead letters answers with its progress. */
const MAX_RETRY_MS = 15_000;

const PATCHED = { action: 'UPDATE', message: 'Failed event given another payload' } as const;
const DISCARDED = { action: 'DELETE', message: 'Failed event discarded' } as const;

/** Its times as they came, of a time zone. */
type AskedFilter = DeadLetterFilter & { tz?: string };

type Caller = Pick<Principal, 'tenantId' | 'clientId' | 'keyId'>;

/** The dead-letter queue for its users. */
@Injectable()
export class FailedEventsService {
  constructor(
    private readonly deadLetters: DeadLettersRepository,
    private readonly retrier: DeadLetterRetrier,
    private readonly events: EventsRepository,
    private readonly audit: AuditEntryWriter,
  ) {}

  async list({ tenantId }: Caller, query: ListFailedQuery): Promise<Page<FailedEventResponse>> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const rows = await this.deadLetters.list(tenantId, toFilter(query), query.limit + 1, before);
    return toPage(rows.map(toResponse), query.limit);
  }

  /** @throws Problem 404 */
  async get({ tenantId }: Caller, id: string): Promise<FailedEventResponse> {
    return toResponse(await this.getDeadLetter(tenantId, id));
  }

  /**
   * Tries one dead letter now. Repeating it is safe: an event that is processed by now is not touched.
   * @param patch replaces the payload of the event
   * @throws Problem 404, and 400 when the new payload does not fit
   */
  async retryOne(caller: Caller, id: string, patch?: object): Promise<RetriedResponse> {
    const payload = refuseFaults(() => readPayload('payload', patch));
    const { tenantId } = caller;
    const deadLetter = isUuid(id) ? await this.deadLetters.find(tenantId, id) : null;
    if (deadLetter === null) return this.toRetried(tenantId, id);
    if (payload === null) await this.retrier.retryOne(tenantId, deadLetter.id);
    else await this.patch(caller, deadLetter.id, payload);
    return this.toRetried(tenantId, deadLetter.id);
  }

  /** Tries all dead letters that match, oldest first, as many as 15 seconds allow. */
  async retryMany({ tenantId }: Caller, query: AskedFilter & { cursor?: string }): Promise<RetriedAllResponse> {
    const filter = toFilter(query);
    const deadline = Date.now() + MAX_RETRY_MS;
    const sum = { retried: 0, processed: 0, failed: 0 };
    let after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    for (;;) {
      const ids = await this.deadLetters.listIds(tenantId, filter, DEAD_LETTERS_PER_STEP, after);
      const { retried, processed } = await this.retrier.retryDeadLetters(tenantId, ids);
      sum.retried += retried;
      sum.processed += processed;
      sum.failed += retried - processed;
      after = ids.at(-1);
      if (after === undefined || ids.length < DEAD_LETTERS_PER_STEP) return { ...sum, next_cursor: null };
      if (Date.now() > deadline) return { ...sum, next_cursor: encodeCursor(after) };
    }
  }

  /** Takes a dead letter off the queue for good. Its event stays stored as failed. @throws Problem 404 */
  async discard(caller: Caller, id: string): Promise<void> {
    const record = (sql: Sql) => this.record(sql, caller, { ...DISCARDED, id });
    if (!isUuid(id) || !(await this.deadLetters.discard(caller.tenantId, id, record))) throw noDeadLetter();
  }

  /** Without the payload, which is the user's: a patched event keeps the one it had. */
  private record(sql: Sql, caller: Caller, act: { action: 'UPDATE' | 'DELETE'; id: string; message: string }) {
    return this.audit.append(sql, [recordOf(caller, { resource: 'failed_event', ...act })]);
  }

  private async patch(caller: Caller, id: string, payload: string): Promise<void> {
    try {
      await this.retrier.patch(caller, id, payload, (sql) => this.record(sql, caller, { ...PATCHED, id }));
    } catch (error) {
      if (error instanceof PatchRefused) throw refusedPatch(error.faults);
      throw error;
    }
  }

  private async getDeadLetter(tenantId: string, id: string): Promise<DeadLetterRow> {
    const deadLetter = isUuid(id) ? await this.deadLetters.find(tenantId, id) : null;
    if (deadLetter === null) throw noDeadLetter();
    return deadLetter;
  }

  /** The event as it is now. @throws Problem 404 when it is neither a dead letter nor processed */
  private async toRetried(tenantId: string, id: string): Promise<RetriedResponse> {
    if (!isUuid(id)) throw noDeadLetter();
    const deadLetter = await this.deadLetters.find(tenantId, id);
    if (deadLetter !== null) {
      const { reason, attempts, next_retry_at } = toResponse(deadLetter);
      return { id: deadLetter.id, status: 'failed', reason, attempts, next_retry_at };
    }
    const event = await this.events.findById(tenantId, id);
    if (event?.status !== 'processed') throw noDeadLetter();
    return { id: event.id, status: 'processed', reason: null, attempts: null, next_retry_at: null };
  }
}

const noDeadLetter = () => notFound('There is no failed event with this id.');

function refusedPatch(faults: readonly FieldError[]): Problem {
  const [first] = faults;
  if (first === undefined)
    return new Problem(422, 'With this payload the event still cannot be counted. Nothing was changed.');
  return badRequest(`The new payload does not fit: ${first.path} ${first.message}. Nothing was changed.`, [...faults]);
}

function toFilter({ from, to, tz = 'UTC', ...filter }: AskedFilter): DeadLetterFilter {
  const at = (time: string | undefined) => (time === undefined ? undefined : toIso(parseAskedTime(time, tz) ?? 0));
  return { ...filter, from: at(from), to: at(to) };
}

function toResponse(row: DeadLetterRow): FailedEventResponse {
  return {
    ...row,
    next_retry_at: row.next_retry_at?.toISOString() ?? null,
    failed_at: row.failed_at.toISOString(),
  };
}
