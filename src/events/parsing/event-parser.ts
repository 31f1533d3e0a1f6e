import { hash } from 'node:crypto';
import { Unread } from '../../platform/http/body/json.js';
import type { Principal } from '../../platform/http/principal.js';
import { FieldFault, readMoment } from '../../platform/http/field-fault.js';
import type { FieldError } from '../../platform/http/problem.js';
import { formatUuid, uuid7Bytes, uuid7Time } from '../../platform/database/uuid7.js';
import type { AcceptableEvent } from './event.js';
import { boundedTextFault, checkPayload } from '../../platform/http/body/payload-check.js';

const MAX_TEXT = 255;
export const MAX_EVENT_BYTES = 65_536;

const FIELDS = new Set([
  'event_type',
  'event_id',
  'idempotency_key',
  'event_time',
  'user_id',
  'session_id',
  'payload',
  'properties',
]);

type RawEvent = Record<string, unknown>;
type Sender = Pick<Principal, 'tenantId' | 'clientId'>;

/**
 * Checks one event as it came from JSON.parse and gives it its id.
 * Written by hand, field by field: it runs for every event of every batch, and class-transformer over a payload of
 * 20,000 keys would hold up the process for a third of a second.
 */
export function parseEvent(raw: unknown, principal: Sender, fallbackEventId?: string): AcceptableEvent | FieldError {
  if (raw instanceof Unread) return raw.fault;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { path: '', message: 'an event must be a JSON object' };
  }
  try {
    return readEvent(raw as RawEvent, principal, fallbackEventId);
  } catch (error) {
    if (error instanceof FieldFault) return { path: error.path, message: error.message };
    throw error;
  }
}

export function isFault(result: AcceptableEvent | FieldError): result is FieldError {
  return 'path' in result;
}

function readEvent(raw: RawEvent, principal: Sender, fallbackEventId: string | undefined): AcceptableEvent {
  for (const field in raw) {
    if (!FIELDS.has(field)) {
      throw new FieldFault(field.slice(0, 100), `is not a field of an event; put your own data into payload`);
    }
  }
  const eventType = readText(raw, 'event_type');
  if (eventType === null) throw new FieldFault('event_type', 'is missing');
  const givenId = readAlias(raw, 'event_id', 'idempotency_key', readText) ?? fallbackEventId ?? null;
  const payload = readAlias(raw, 'payload', 'properties', readPayload) ?? '{}';
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
    eventType,
    userId: readText(raw, 'user_id'),
    sessionId: readText(raw, 'session_id'),
    eventTime: readMoment('event_time', raw['event_time'], receivedAt),
    isTimeDerived: false,
    receivedAt,
    payload,
    call: undefined, // set when it is written; here so that all events have one shape
  };
}

/** Two names for one field: either may be given, or both with the same value. */
function readAlias(
  raw: RawEvent,
  name: string,
  alias: string,
  read: (raw: RawEvent, name: string) => string | null,
): string | null {
  const value = read(raw, name);
  const aliased = read(raw, alias);
  if (value !== null && aliased !== null && value !== aliased) {
    throw new FieldFault(alias, `differs from ${name}; send only one of them`);
  }
  return value ?? aliased;
}

function readText(raw: RawEvent, name: string): string | null {
  const value = raw[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new FieldFault(name, 'must be a string');
  const fault = eventTextFault(value);
  if (fault !== null) throw new FieldFault(name, fault);
  return value;
}

/** Why a text cannot be an event_type, event_id, user_id or session_id; null when it can. */
export function eventTextFault(text: string): string | null {
  return boundedTextFault(text, MAX_TEXT);
}

function readPayload(raw: RawEvent, name: string): string | null {
  const value = raw[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) throw new FieldFault(name, 'must be a JSON object');
  const fault = checkPayload(value, name);
  if (fault !== null) throw new FieldFault(fault.path, fault.message);
  const text = JSON.stringify(value);
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  if (text.length * 3 > MAX_EVENT_BYTES && Buffer.byteLength(text) > MAX_EVENT_BYTES) {
    throw new FieldFault(name, `is larger than ${MAX_EVENT_BYTES} bytes`);
  }
  return text;
}

/**
 * 16 bytes that stand for (tenant, client, event_id) in the ledger: the start of a SHA-256. No part can contain NUL,
 * so no two triples share a text.
 */
export function ledgerKey(tenantId: string, clientId: string, eventId: string): Buffer {
  // As text and back: asking for a Buffer takes node twice as long.
  const digest = hash('sha256', `${tenantId}\0${clientId}\0${eventId}`, 'binary');
  return Buffer.from(digest.slice(0, 16), 'latin1');
}
