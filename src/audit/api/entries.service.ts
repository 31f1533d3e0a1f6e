import { Injectable } from '@nestjs/common';
import { isConnectionError, sqlState } from '../../platform/database/database.js';
import { bodyValidatorFor, invalidBody, nothingAccepted } from '../../platform/http/body/body-validator.js';
import { allFaults } from '../../platform/http/field-fault.js';
import { fairMap } from '../../platform/http/fair-map.js';
import { keyOfPart, readIdempotencyKey } from '../../platform/http/idempotency-key.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import type { Principal } from '../../platform/http/principal.js';
import { type FieldError, notFound, Problem, tooLarge } from '../../platform/http/problem.js';
import { isUuid } from '../../platform/database/uuid7.js';
import type { OpenCall } from '../call-log/api-call.js';
import { AuditEntriesRepository } from '../search/entries.repository.js';
import {
  CreateEntriesDto,
  type CreatedEntriesResponse,
  type CreatedEntryResponse,
  type EntryPage,
  type EntryResponse,
  type EntryResult,
} from '../entries/entries.dto.js';
import type { EntryStatsQuery, EntryStatsResponse, ListEntriesQuery } from '../search/entry-queries.dto.js';
import { storedEntry } from '../transparency-log/leaf.js';
import { type EntryContent, type ExportedEntry, type NewEntry, newEntry } from '../entries/entry.js';
import { decodePosition, encodePosition, positionOf } from '../search/entry-cursor.js';
import { isFieldError, parseEntry } from '../entries/entry-parser.js';
import { toFilter } from '../search/entry-query.js';
import { toResponse } from '../entries/entry-response.js';
import { isReserved, RESERVED_MESSAGE } from '../entries/own-resources.js';
import { AuditEntryWriter, type WriteOutcome } from '../entries/entry-writer.js';

const MAX_ENTRIES = 1_000;
const ENTRIES = bodyValidatorFor(CreateEntriesDto);

@Injectable()
export class AuditEntriesService {
  constructor(
    private readonly writer: AuditEntryWriter,
    private readonly entries: AuditEntriesRepository,
  ) {}

  /**
   * @param idempotencyKey header that means the same as the field of this name
   * @throws Problem 400 for an invalid entry, 422 when its idempotency key was used for other content
   */
  async create(
    caller: Principal,
    body: unknown,
    call: OpenCall,
    idempotencyKey?: string,
  ): Promise<CreatedEntryResponse> {
    const content = parseEntry(body, { key: readIdempotencyKey(idempotencyKey) });
    if (isFieldError(content)) throw invalid(content);
    return this.record(caller, content, call);
  }

  /**
   * Stores one entry that is already checked. @throws Problem 422 for a resource type that only Tidemark itself records
   */
  async record(caller: Principal, content: EntryContent, call: OpenCall): Promise<CreatedEntryResponse> {
    if (isReserved(content.resource_type)) throw reserved('resource_type');
    const entry = newEntry(content, caller);
    const [outcome] = (await this.writeEach([entry], call)) as [WriteOutcome | FieldError];
    if ('path' in outcome) throw invalid(outcome);
    if (outcome.status === 'created') return { ...toResponse(asStored(entry)), duplicate: false };
    if (outcome.status === 'conflict') throw conflict(outcome.id);
    return { ...(await this.get(caller, outcome.id)), duplicate: true };
  }

  /**
   * One bad entry does not affect the others.
   * @param idempotencyKey header from which entries without a key get one, by their place
   * @throws Problem 400 or 422 when no entry is valid; the body then holds
   * the results
   */
  async createMany(
    caller: Principal,
    body: unknown,
    call: OpenCall,
    idempotencyKey?: string,
  ): Promise<CreatedEntriesResponse> {
    const key = readIdempotencyKey(idempotencyKey);
    const contents = await fairMap(readLogs(body), (raw, index) =>
      refuseReserved(parseEntry(raw, { part: keyOfPart(key, index) })),
    );
    const prepared = contents.map((content) => (isFieldError(content) ? content : newEntry(content, caller)));
    const valid = prepared.filter((item): item is NewEntry => !('path' in item));
    const outcomes = valid.length === 0 ? [] : await this.writeEach(valid, call);
    let next = 0;
    const results = prepared.map((item, index) =>
      'path' in item ? rejection(index, item) : toResult(index, outcomes[next++]!),
    );
    const response = summarize(results);
    if (valid.length === 0) {
      const status = contents.every((content) => content === RESERVED) ? 422 : 400;
      throw nothingAccepted('None of the entries is valid', response, status);
    }
    return response;
  }

  async list(caller: Principal, query: ListEntriesQuery): Promise<EntryPage> {
    const position = query.cursor === undefined ? undefined : decodePosition(query.cursor);
    const filter = toFilter(query);
    const rows = await this.entries.list(caller.tenantId, filter, query.limit + 1, position);
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    return {
      ...rangeOf(filter.range),
      data: page.map(toResponse),
      next_cursor: rows.length > query.limit && last !== undefined ? encodePosition(positionOf(last)) : null,
    };
  }

  async stats(caller: Principal, query: EntryStatsQuery): Promise<EntryStatsResponse> {
    const filter = toFilter(query);
    return { ...rangeOf(filter.range), ...(await this.entries.stats(caller.tenantId, filter, query.tz)) };
  }

  /** @throws Problem 404, for other tenants' entries too */
  async get(caller: Principal, id: string): Promise<EntryResponse> {
    const entry = isUuid(id) ? await this.entries.find(caller.tenantId, id) : null;
    if (entry === null) throw notFound('There is no audit entry with this id.');
    return toResponse(entry);
  }

  /** All in one commit; if PostgreSQL refuses a row that passed our checks, each on its own. */
  private async writeEach(entries: readonly NewEntry[], call: OpenCall): Promise<(WriteOutcome | FieldError)[]> {
    try {
      return await this.writer.write(entries, call, 201);
    } catch (error) {
      if (isConnectionError(error) || !isRefusal(error)) throw error;
      if (entries.length === 1) return [{ path: '', message: 'cannot be stored' }];
      const outcomes: (WriteOutcome | FieldError)[] = [];
      for (const entry of entries) outcomes.push(...(await this.writeEach([entry], call)));
      return outcomes;
    }
  }
}

const asStored = ({ columns }: NewEntry): ExportedEntry => ({
  ...storedEntry(columns),
  ...{ erased_at: null, erased_fields: null, redacted_fields: null },
});

const RESERVED: FieldError = { path: 'resource_type', message: RESERVED_MESSAGE };

const refuseReserved = (content: EntryContent | FieldError): EntryContent | FieldError =>
  !isFieldError(content) && isReserved(content.resource_type) ? RESERVED : content;

/** @param path the field that says what the entry is about */
export function reserved(path: string): Problem {
  return new Problem(422, `${path} ${RESERVED_MESSAGE}.`, { errors: [{ path, message: RESERVED_MESSAGE }] });
}

/** Data errors (22), failed checks (23) and limits (54) concern a row, not the database. */
const isRefusal = (error: unknown): boolean => /^(22|23|54)/.test(sqlState(error) ?? '');

function readLogs(body: unknown): unknown[] {
  const { logs } = ENTRIES.check(body);
  if (logs.length > MAX_ENTRIES) {
    throw tooLarge(`The request has ${logs.length} entries; send at most ${MAX_ENTRIES} at once.`);
  }
  return logs;
}

export const invalid = (fault: FieldError): Problem => invalidBody(allFaults(fault), 'The entry');

const CONFLICT_SENTENCE =
  'An entry with this idempotency_key was recorded before with other content. Send changed content under a new key.';

function conflict(id: string): Problem {
  return new Problem(422, CONFLICT_SENTENCE, {
    kind: 'idempotency-conflict',
    errors: [{ path: 'idempotency_key', message: 'was used before with other content' }],
    members: { id },
  });
}

function toResult(index: number, outcome: WriteOutcome | FieldError): EntryResult {
  if ('path' in outcome) return rejection(index, outcome);
  const { status, id } = outcome;
  if (status !== 'conflict') return { index, status, id };
  const error = { message: CONFLICT_SENTENCE, path: `logs[${index}].idempotency_key` };
  return { index, status: 'rejected', id, error };
}

function rejection(index: number, fault: FieldError): EntryResult {
  const { path, message } = fault;
  const errors = allFaults(fault).map((one) => ({ path: entryPath(index, one.path), message: one.message }));
  return {
    index,
    status: 'rejected',
    error: {
      message: `${path === '' ? 'The entry' : path} ${message}`,
      path: entryPath(index, path),
      ...(errors.length > 1 ? { errors } : {}),
    },
  };
}

const entryPath = (index: number, path: string) => (path === '' ? `logs[${index}]` : `logs[${index}].${path}`);

function summarize(results: EntryResult[]): CreatedEntriesResponse {
  const count = (status: EntryResult['status']) => results.filter((result) => result.status === status).length;
  return { created: count('created'), duplicates: count('duplicate'), rejected: count('rejected'), results };
}
