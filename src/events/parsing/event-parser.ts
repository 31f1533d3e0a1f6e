import { hash } from 'node:crypto';
import { writeJson } from '../../platform/json/json-text.js';
import { Unread } from '../../platform/http/body/json.js';
import type { Principal } from '../../platform/http/principal.js';
import { type KeyOfRequest, sameKey } from '../../platform/http/idempotency-key.js';
import { FieldFault, faultsOfEach, readMoment, refusal } from '../../platform/http/field-fault.js';
import type { FieldError } from '../../platform/http/problem.js';
import { formatUuid, uuid7Bytes, uuid7Time } from '../../platform/database/uuid7.js';
import type { AcceptableEvent } from './event.js';
import { IngestEventDto } from './event.dto.js';
import { bodyValidatorFor } from '../../platform/http/body/body-validator.js';
import { boundedTextFault, checkPayload } from '../../platform/http/body/payload-check.js';

const MAX_TEXT = 255;
export const MAX_EVENT_BYTES = 65_536;

const EVENT = bodyValidatorFor(IngestEventDto);

type Sender = Pick<Principal, 'tenantId' | 'clientId'>;

const NONE: KeyOfRequest = {};

/** Checks one event as it came from parseJson and gives it its id. It runs for every event of every batch. */
export function parseEvent(raw: unknown, principal: Sender, ofRequest = NONE): AcceptableEvent | FieldError {
  if (raw instanceof Unread) return raw.fault;
  if (!EVENT.accepts(raw)) return refusal(faultsOf(raw, ofRequest));
  try {
    return toEvent(raw, principal, ofRequest);
  } catch (error) {
    if (error instanceof FieldFault) return refusal(faultsOf(raw, ofRequest));
    throw error;
  }
}

export function isFault(result: AcceptableEvent | FieldError): result is FieldError {
  return 'path' in result;
}

/** Of its shape, and of what its members say where they have the right one. */
function faultsOf(raw: unknown, ofRequest: KeyOfRequest): FieldError[] {
  const faults = EVENT.faultsOf(raw);
  if (typeof raw !== 'object' || raw === null) return faults;
  const wrong = new Set(faults.map(({ path }) => path));
  const event = Object.fromEntries(Object.entries(raw).filter(([name]) => !wrong.has(name))) as Partial<IngestEventDto>;
  return [
    ...faults,
    ...faultsOfEach([
      () => readMoment('event_time', event.event_time, Date.now()),
      () => readId(event, ofRequest),
      () => readPayload('payload', event.payload),
      () => readPayload('properties', event.properties),
      () => (isObject(event.payload) && isObject(event.properties) ? readPayloads(event) : null),
    ]),
  ];
}

const isObject = (value: unknown) => value !== undefined && value !== null;

function toEvent(raw: IngestEventDto, principal: Sender, ofRequest: KeyOfRequest): AcceptableEvent {
  const givenId = readId(raw, ofRequest);
  const payload = readPayloads(raw) ?? '{}';
  const id = uuid7Bytes();
  const receivedAt = uuid7Time(id);
  const { tenantId, clientId } = principal;
  const eventId = givenId ?? formatUuid(id);
  return {
    id,
    key: ledgerKey(tenantId, clientId, eventId),
    tenantId,
    clientId,
    eventId,
    eventType: raw.event_type,
    userId: raw.user_id ?? null,
    sessionId: raw.session_id ?? null,
    eventTime: readMoment('event_time', raw.event_time, receivedAt),
    isTimeDerived: false,
    receivedAt,
    payload,
    warnings: findMisplaced(raw),
    call: undefined, // set when it is written; here so that all events have one shape
  };
}

/** @throws FieldFault */
function readId({ event_id, idempotency_key }: Partial<IngestEventDto>, { key, part }: KeyOfRequest): string | null {
  const given = sameText('event_id', event_id, 'idempotency_key', idempotency_key);
  if (key !== undefined) sameKey(key, 'event_id', given);
  return given ?? key ?? part ?? null;
}

/** Ids in the payload of an event that has none itself: it will belong to no user and no session. */
function findMisplaced(raw: IngestEventDto): FieldError[] | undefined {
  const name = raw.payload === undefined || raw.payload === null ? 'properties' : 'payload';
  const given = raw[name];
  if (given === undefined || given === null) return undefined;
  let found: FieldError[] | undefined;
  for (const field of ['user_id', 'session_id'] as const) {
    if (raw[field] !== undefined && raw[field] !== null) continue;
    if (!isId(given[field])) continue;
    const message = `is part of the ${name}; the event itself has no ${field}. Send ${field} beside ${name} to count it.`;
    (found ??= []).push({ path: `${name}.${field}`, message });
  }
  return found;
}

const isId = (value: unknown) => (typeof value === 'string' && value !== '') || typeof value === 'number';

function readPayloads({ payload, properties }: Partial<IngestEventDto>): string | null {
  return sameText('payload', readPayload('payload', payload), 'properties', readPayload('properties', properties));
}

/** Two names for one field: either may be given, or both with the same value. @throws FieldFault */
function sameText(
  name: string,
  value: string | null | undefined,
  alias: string,
  aliased: string | null | undefined,
): string | null {
  if (value === undefined || value === null) return aliased ?? null;
  if (aliased !== undefined && aliased !== null && value !== aliased) {
    throw new FieldFault(alias, `differs from ${name}; send only one of them`);
  }
  return value;
}

/** Why a text cannot be an event_type, event_id, user_id or session_id; null when it can. */
export function eventTextFault(text: string): string | null {
  return boundedTextFault(text, MAX_TEXT);
}

/** JSON text of a payload that may be stored; null when there is none. @throws FieldFault */
export function readPayload(name: string, value: object | null | undefined): string | null {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return '{}'; // PHP's way to write it; the schema lets no other array in
  const fault = checkPayload(value, name);
  if (fault !== null) throw new FieldFault(fault.path, fault.message);
  const text = writeJson(value);
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  if (text.length * 3 > MAX_EVENT_BYTES && Buffer.byteLength(text) > MAX_EVENT_BYTES) {
    throw new FieldFault(name, `is larger than ${MAX_EVENT_BYTES} bytes`);
  }
  return text;
}

/**
 * The ledger key, 16 bytes for (tenant, client, event_id): the start of a SHA-256. No part can contain NUL, so no two
 * triples give the same text.
 */
export function ledgerKey(tenantId: string, clientId: string, eventId: string): Buffer {
  // As text and back: a digest as a Buffer takes Node twice as long.
  const digest = hash('sha256', `${tenantId}\0${clientId}\0${eventId}`, 'binary');
  return Buffer.from(digest.slice(0, 16), 'latin1');
}
