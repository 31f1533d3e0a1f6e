import type { Type } from '@nestjs/common';
import { bodyValidatorFor, type BodyValidator } from '../../platform/http/body/body-validator.js';
import { Unread } from '../../platform/http/body/json.js';
import { checkPayload } from '../../platform/http/body/payload-check.js';
import { writeJson } from '../../platform/json/json-text.js';
import { type KeyOfRequest, sameKey } from '../../platform/http/idempotency-key.js';
import { FieldFault, faultsOfEach, readMoment, refusal } from '../../platform/http/field-fault.js';
import type { FieldError } from '../../platform/http/problem.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';
import { CreateEntryDto } from './entries.dto.js';
import { blankContent, type EntryContent } from './entry.js';

const MAX_ENTRY_BYTES = 65_536;

/** What only whoever reads a member can say of it: whether it may be kept, and when it happened. */
export interface EntryMembers<T> {
  /** JSON of the caller's own. */
  json: readonly (keyof T & string)[];
  moment: keyof T & string;
}

/** Makes entries of bodies of one class, or says everything that is wrong with one. */
export class EntryParser<T extends object> {
  private readonly validator: BodyValidator<T>;

  constructor(
    dto: Type<T>,
    private readonly members: EntryMembers<T>,
    private readonly read: (body: T, occurredAt: number | null) => EntryContent,
  ) {
    this.validator = bodyValidatorFor(dto);
  }

  parse(raw: unknown): EntryContent | FieldError {
    if (raw instanceof Unread) return raw.fault;
    if (!this.validator.accepts(raw)) return refusal(this.faultsOf(raw));
    try {
      this.members.json.forEach((name) => checkJson(name, raw[name]));
      // Only now: JSON.stringify would overflow the stack on a state nested too deeply.
      checkSize(raw);
      return this.read(raw, this.readMoment(raw));
    } catch (error) {
      if (error instanceof FieldFault) return refusal(this.faultsOf(raw));
      throw error;
    }
  }

  /** Of the shape, and of what members say that have the right one. */
  private faultsOf(raw: unknown): FieldError[] {
    const faults = this.validator.faultsOf(raw);
    if (typeof raw !== 'object' || raw === null) return faults;
    const wrong = new Set(faults.map(({ path }) => path));
    const entry = Object.fromEntries(Object.entries(raw).filter(([name]) => !wrong.has(name))) as Partial<T>;
    const own = faultsOfEach([
      () => this.readMoment(entry),
      ...this.members.json.map((name) => () => checkJson(name, entry[name])),
    ]);
    return [...faults, ...own, ...(faults.length + own.length === 0 ? faultsOfEach([() => checkSize(raw)]) : [])];
  }

  private readMoment(entry: Partial<T>): number | null {
    return readMoment(this.members.moment, entry[this.members.moment] as string | null | undefined, Date.now());
  }
}

/** @throws FieldFault */
function checkJson(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const fault = checkPayload(value, name);
  if (fault !== null) throw new FieldFault(fault.path, fault.message);
}

function checkSize(raw: object): void {
  if (Buffer.byteLength(writeJson(raw)) > MAX_ENTRY_BYTES) {
    throw new FieldFault('', `is larger than ${MAX_ENTRY_BYTES} bytes`);
  }
}

const ENTRIES = new EntryParser(
  CreateEntryDto,
  { json: ['before_state', 'after_state', 'metadata'], moment: 'occurred_at' },
  (entry, occurredAt) => ({
    ...blankContent(entry.action_type, entry.resource_type, entry.resource_id),
    severity: entry.severity ?? 'INFO',
    status: entry.status ?? null,
    user_id: entry.user_id ?? null,
    session_id: entry.session_id ?? null,
    ip_address: entry.ip_address ?? null,
    user_agent: entry.user_agent ?? null,
    message: prose(entry.message),
    before_state: entry.before_state ?? null,
    after_state: entry.after_state ?? null,
    metadata: objectOf(entry.metadata),
    idempotency_key: entry.idempotency_key ?? null,
    occurred_at: occurredAt,
  }),
);

/** PHP writes an object without members as an array; the schema lets no other array in. */
export const objectOf = (value: JsonValue | undefined): JsonValue => (Array.isArray(value) ? {} : (value ?? null));

/** An empty text says nothing. */
export const prose = (text: string | null | undefined): string | null => (text === '' ? null : (text ?? null));

export function parseEntry(raw: unknown, { key, part }: KeyOfRequest = {}): EntryContent | FieldError {
  const content = ENTRIES.parse(raw);
  if (isFieldError(content)) return content;
  const faults = faultsOfEach([() => sameKey(key, 'idempotency_key', content.idempotency_key)]);
  if (faults.length > 0) return refusal(faults);
  return { ...content, idempotency_key: content.idempotency_key ?? key ?? part ?? null };
}

export function isFieldError(result: EntryContent | FieldError): result is FieldError {
  return 'path' in result;
}
