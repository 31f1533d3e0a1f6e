import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { bodyValidatorFor } from '../../platform/http/body/body-validator.js';
import { parseSmallJson, Unread } from '../../platform/http/body/json.js';
import { allFaults, refusal } from '../../platform/http/field-fault.js';
import type { Principal } from '../../platform/http/principal.js';
import type { FieldError } from '../../platform/http/problem.js';
import type { AcceptableEvent } from '../parsing/event.js';
import { isFault, parseEvent } from '../parsing/event-parser.js';
import { CloudEventDto } from './cloud-event.dto.js';

const CORE = new Set([
  ...['specversion', 'id', 'source', 'type', 'time', 'subject'],
  ...['datacontenttype', 'dataschema', 'data', 'data_base64'],
]);
const MAX_ID = 255;
const CLOUD_EVENT = bodyValidatorFor(CloudEventDto);
const OWN_NAMES: Record<string, string> = {
  event_type: 'type',
  event_id: 'id',
  event_time: 'time',
  user_id: 'subject',
  payload: 'data',
};

type Attributes = Record<string, unknown>;

/** A CloudEvent 1.0 in its JSON form, as an event. */
export function parseCloudEvent(raw: unknown, principal: Principal): AcceptableEvent | FieldError {
  if (raw instanceof Unread) return raw.fault;
  if (!CLOUD_EVENT.accepts(raw)) return refusal([...CLOUD_EVENT.faultsOf(raw), ...namesOf(raw).flatMap(nameFault)]);
  const faults = [...namesOf(raw).flatMap(nameFault), ...bothData(raw)];
  if (faults.length > 0) return refusal(faults);
  const attributes = raw as CloudEventDto & Attributes;
  const payload = toPayload(attributes);
  if ('path' in payload) return payload;
  const event = parseEvent(
    {
      event_type: raw.type,
      event_id: cloudEventId(raw.source, raw.id),
      event_time: raw.time,
      user_id: raw.subject,
      payload: payload.value,
    },
    principal,
  );
  if (!isFault(event)) {
    if (event.warnings !== undefined) event.warnings = toAttributeWarnings(event.warnings);
    return event;
  }
  return refusal(allFaults(event).map((fault) => ({ ...fault, path: toAttributePath(fault.path) })));
}

/** The attribute that a field of an event comes from. */
export function toAttributePath(path: string): string {
  return path.replace(/^\w+/, (name) => OWN_NAMES[name] ?? name);
}

/** A user is the subject of an event; CloudEvents have no word for sessions. */
function toAttributeWarnings(warnings: readonly FieldError[]): FieldError[] | undefined {
  if (!warnings.some(({ path }) => path === 'payload.user_id')) return undefined;
  const message = 'is part of the data; the event itself has no user. Send the user as subject to count it.';
  return [{ path: 'data.user_id', message }];
}

/** `|` is in no URI, so no two pairs give the same text. A text that is too long for an event_id is hashed. */
function cloudEventId(source: string, id: string): string {
  const text = `${source}|${id}`;
  return text.length <= MAX_ID ? text : `sha256:${hash('sha256', text)}`;
}

const namesOf = (raw: unknown) => (typeof raw === 'object' && raw !== null ? Object.keys(raw) : []);

/** How extension attributes may be called, which OpenAPI 3.0 has no words for. */
function nameFault(name: string): FieldError[] {
  if (CORE.has(name) || /^[a-z0-9]{1,64}$/.test(name)) return [];
  const message = 'is not an attribute name of CloudEvents, which has lower-case letters and digits only';
  return [{ path: name.slice(0, 100).toWellFormed(), message }];
}

function bothData({ data, data_base64 }: CloudEventDto): FieldError[] {
  const isDouble = data !== undefined && typeof data_base64 === 'string';
  return isDouble ? [{ path: 'data_base64', message: 'cannot be sent together with data' }] : [];
}

/** `data` when it is an object, else an object that holds it. Extensions are kept next to it. */
function toPayload(attributes: Attributes): { value: Attributes } | FieldError {
  const data = readData(attributes);
  if (isFieldError(data)) return data;
  const value = isObject(data.value)
    ? data.value
    : data.value === undefined || data.value === null
      ? {}
      : { [data.name]: data.value };
  const more = Object.entries(attributes).filter(
    ([name, given]) => given !== null && (name === 'dataschema' || !CORE.has(name)),
  );
  if (more.length === 0 || Object.hasOwn(value, 'cloudevent')) return { value };
  return { value: { ...value, cloudevent: Object.fromEntries(more) } };
}

function readData(attributes: Attributes): { name: string; value: unknown } | FieldError {
  const base64 = attributes['data_base64'];
  if (typeof base64 !== 'string') return { name: 'data', value: attributes['data'] };
  const type = mediaType(attributes['datacontenttype']);
  return decodeData(Buffer.from(base64, 'base64'), type);
}

/** JSON and text are decoded; anything else is kept in base64. */
function decodeData(bytes: Buffer, type: string): { name: string; value: unknown } | FieldError {
  if (bytes.length === 0) return { name: 'data', value: undefined };
  if (isJson(type)) {
    const value = parseSmallJson(bytes);
    return value === undefined
      ? { path: 'data', message: 'is not valid JSON, though its content type says so, or is too complex' }
      : { name: 'data', value };
  }
  if (type.startsWith('text/') || type.endsWith('xml')) return { name: 'data', value: bytes.toString('utf8') };
  return { name: 'data_base64', value: bytes.toString('base64') };
}

/** Binary mode: attributes in `ce-*` headers, the data as body. */
export function fromHeaders(headers: IncomingHttpHeaders, body: Buffer): Attributes | FieldError {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && typeof value === 'string') attributes[name.slice(3)] = decodeHeader(value);
  }
  const contentType = headers['content-type'];
  if (contentType !== undefined) attributes['datacontenttype'] = contentType;
  const data = decodeData(body, contentType === undefined ? 'application/json' : mediaType(contentType));
  if (isFieldError(data)) return data;
  if (data.value !== undefined) attributes[data.name === 'data' ? 'data' : 'data_base64'] = data.value;
  return attributes;
}

/** HTTP binding §3.1.3.2: removes double quotes, then decodes percent-encoding once. */
function decodeHeader(value: string): string {
  const text = /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const isJson = (type: string) => type === '' || /^(application|text)\/(json|[\w.+-]+\+json)$/.test(type);

export function mediaType(value: unknown): string {
  return typeof value === 'string' ? (value.split(';', 1)[0] ?? '').trim().toLowerCase() : '';
}

function isObject(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isFieldError(value: object): value is FieldError {
  return Object.hasOwn(value, 'path') && Object.hasOwn(value, 'message') && Object.keys(value).length === 2;
}
