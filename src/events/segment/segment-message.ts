import { bodyValidatorFor } from '../../platform/http/body/body-validator.js';
import { allFaults, EARLIEST_TIME, refusal } from '../../platform/http/field-fault.js';
import { Unread } from '../../platform/http/body/json.js';
import type { Principal } from '../../platform/http/principal.js';
import type { FieldError } from '../../platform/http/problem.js';
import { ExactNumber, isJsonObject } from '../../platform/json/exact-number.js';
import { readForeignTime } from '../../platform/time/foreign-time.js';
import { DAY_MS } from '../../platform/time/time.js';
import type { AcceptableEvent } from '../parsing/event.js';
import { isFault, parseEvent } from '../parsing/event-parser.js';
import { SEGMENT_CALLS, type SegmentCall, SegmentMessageDto, SegmentTrackDto } from './segment.dto.js';

const TRACK = bodyValidatorFor(SegmentTrackDto);
const OTHERS = bodyValidatorFor(SegmentMessageDto);

export type Message = Record<string, unknown>;

/** Members of a batch that hold for all its messages. */
export interface Envelope {
  sentAt?: unknown;
  context?: unknown;
}

/** What a message came with. */
export interface Surroundings {
  envelope: Envelope;
  /** An id for a message that has none. */
  part: string | undefined;
  /** Gets what was understood differently from how it may be meant. */
  notes: FieldError[];
}

/** Parts of a message besides payload, ids and times; they are kept in the payload under their own names. */
const KEPT = ['name', 'category', 'groupId', 'previousId', 'anonymousId'] as const;

/**
 * One message of a Segment SDK as an event.
 * @param call what the address says; a message of a batch says it in its `type`
 */
export function parseSegmentMessage(
  raw: unknown,
  call: SegmentCall | undefined,
  { envelope, part, notes }: Surroundings,
  principal: Principal,
): AcceptableEvent | FieldError {
  if (raw instanceof Unread) return raw.fault;
  const type = call ?? callOf(raw);
  if (type === undefined) return { path: 'type', message: `must be one of ${SEGMENT_CALLS.join(', ')}` };
  const validator = type === 'track' ? TRACK : OTHERS;
  if (!validator.accepts(raw)) return refusal(validator.faultsOf(raw));
  const message = raw as SegmentMessageDto & Message;
  const event = parseEvent(toEvent(message, type, envelope), principal, { part });
  if (isFault(event)) {
    return refusal(allFaults(event).map((fault) => ({ ...fault, path: toSegmentPath(fault.path, message) })));
  }
  event.eventTime = deriveTime(message, envelope, event.receivedAt, notes);
  event.isTimeDerived = true;
  return event;
}

/** What a message of a batch says it is; of what is no message any kind says so. */
function callOf(raw: unknown): SegmentCall | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'track';
  return SEGMENT_CALLS.find((known) => known === (raw as Message)['type']);
}

function toEvent(message: Message, type: SegmentCall, envelope: Envelope): Message {
  return {
    event_type: type === 'track' ? message['event'] : type,
    event_id: present(message['messageId']),
    user_id: asText(present(message['userId']) ?? present(message['anonymousId'])),
    payload: toPayload(message, envelope),
  };
}

/** The client's own properties come first: nothing of the envelope overwrites one of the same name. */
function toPayload(message: Message, envelope: Envelope): Message {
  const payload: Message = { ...(message['traits'] as Message | null), ...(message['properties'] as Message | null) };
  const context = message['context'] ?? envelope.context;
  if (!Object.hasOwn(payload, 'context') && isJsonObject(context)) payload['context'] = context;
  for (const name of KEPT) {
    const value = present(message[name]);
    if (value !== undefined && !Object.hasOwn(payload, name)) payload[name] = value;
  }
  return payload;
}

const RECEIPT_TAKEN = 'so the time of receipt was taken';

/**
 * When it happened by this server's clock: as long before receipt as it was before sending by the client's clock. A
 * clock can be wrong by any amount, so a time out of range becomes the time of receipt (null), and a note.
 */
function deriveTime(message: Message, envelope: Envelope, receivedAt: number, notes: FieldError[]): number | null {
  const happened = firstTime(['originalTimestamp', 'timestamp'], message, notes, RECEIPT_TAKEN);
  if (happened === null) return null;
  const sent = firstTime(['sentAt'], message, notes, 'so it does not correct the time') ?? timeOfEnvelope(envelope);
  const time = sent === null ? happened.ms : receivedAt - (sent.ms - happened.ms);
  if (time >= EARLIEST_TIME && time <= receivedAt + DAY_MS) return time;
  notes.push({
    path: happened.name,
    message: `does not lie between 2000-01-01 and one day from now, ${RECEIPT_TAKEN}`,
  });
  return null;
}

function timeOfEnvelope({ sentAt }: Envelope) {
  const ms = readForeignTime(sentAt);
  return ms === null ? null : { ms };
}

/** The first of the members that can be read. Those before it that cannot get a note. */
function firstTime(names: readonly string[], message: Message, notes: FieldError[], consequence: string) {
  for (const name of names) {
    const value = present(message[name]);
    if (value === undefined) continue;
    const ms = readForeignTime(value);
    if (ms !== null) return { name, ms };
    notes.push({ path: name, message: `is not a time that can be read, ${consequence}` });
  }
  return null;
}

/** SDKs send empty texts and nulls for what they don't know. */
function present(value: unknown): unknown {
  return value === null || value === '' ? undefined : value;
}

/** Older SDKs send numeric user ids. */
function asText(value: unknown): unknown {
  if (value instanceof ExactNumber) return value.digits;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
}

/** The client's name for what the parser calls `path`. */
export function toSegmentPath(path: string, message: Message): string {
  const [field = '', ...rest] = path.split(/(?=[.[])/);
  switch (field) {
    case 'event_type':
      return 'event';
    case 'event_id':
      return 'messageId';
    case 'user_id':
      return present(message['userId']) === undefined ? 'anonymousId' : 'userId';
    default:
      return toPayloadPath(rest, message);
  }
}

function toPayloadPath(rest: readonly string[], message: Message): string {
  const name = rest[0]?.slice(1) ?? '';
  const part = ['properties', 'traits'].find((candidate) => isJsonObject(message[candidate]));
  const isOwn = part !== undefined && (rest.length === 0 || Object.hasOwn(message[part] as Message, name));
  if (!isOwn && (name === 'context' || KEPT.some((kept) => kept === name))) return rest.join('').slice(1);
  if (part === undefined && rest.length === 0) return 'context';
  return `${part ?? 'properties'}${rest.join('')}`;
}
