import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { bodyValidatorFor } from '../../platform/http/body/body-validator.js';
import { isJsonObject } from '../../platform/json/exact-number.js';
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

/**
 * `data` when it is an object, else an object that holds it. Extensions are kept next to it, and so is what kind of
 * data it is, if not JSON.
 */
function toPayload(attributes: Attributes): { value: Attributes } | FieldError {
  const data = readData(attributes);
  if (isFieldError(data)) return data;
  const value = isJsonObject(data.value)
    ? data.value
    : data.value === undefined || data.value === null
      ? {}
      : { [data.name]: data.value };
  const more = Object.entries(attributes).filter(([name, given]) => given !== null && isKept(name, given));
  if (more.length === 0) return { value };
  const cloudevent = Object.fromEntries(more);
  // Nothing of either is lost where the data has a member of this name.
  return { value: Object.hasOwn(value, 'cloudevent') ? { data: value, cloudevent } : { ...value, cloudevent } };
}

function isKept(name: string, value: unknown): boolean {
  if (name === 'datacontenttype') return mediaType(value) !== 'application/json';
  return name === 'dataschema' || !CORE.has(name);
}

function readData(attributes: Attributes): { name: string; value: unknown } | FieldError {
  const base64 = attributes['data_base64'];
  if (typeof base64 !== 'string') return { name: 'data', value: attributes['data'] };
  return decodeData(Buffer.from(base64, 'base64'), attributes['datacontenttype'] ?? 'application/json');
}

type Data = { name: string; value: unknown };

/** JSON and text are decoded; anything else is kept in base64. */
function decodeData(bytes: Buffer, contentType: unknown): Data | FieldError {
  if (bytes.length === 0) return { name: 'data', value: undefined };
  const type = mediaType(contentType);
  const isText = type.startsWith('text/') || /[/+]xml$/.test(type);
  if (!isJson(type) && !isText) return toBase64(bytes);
  const text = decodeText(bytes, contentType);
  if (typeof text !== 'string') return text;
  if (!isJson(type)) return { name: 'data', value: text };
  const value = parseSmallJson(Buffer.from(text));
  return value === undefined
    ? { path: 'data', message: 'is not valid JSON, though its content type says so, or is too complex' }
    : { name: 'data', value };
}

const toBase64 = (bytes: Buffer): Data => ({ name: 'data_base64', value: bytes.toString('base64') });

/** Bytes of which nobody says what they are: JSON if they are, else a text if they are one. */
function guessData(bytes: Buffer): Data {
  if (bytes.length === 0) return { name: 'data', value: undefined };
  const value = parseSmallJson(bytes);
  if (value !== undefined) return { name: 'data', value };
  return isUtf8(bytes) && !bytes.includes(0) ? { name: 'data', value: bytes.toString('utf8') } : toBase64(bytes);
}

function decodeText(bytes: Buffer, contentType: unknown): string | FieldError {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(String(contentType))?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch (error) {
    const isUnknown = (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_NOT_SUPPORTED';
    const message = `is not valid ${charset.slice(0, 40)}; name the charset of its text in the content type`;
    return { path: 'data', message: isUnknown ? `has the unknown charset ${charset.slice(0, 40)}` : message };
  }
}

/** Binary mode: attributes in `ce-*` headers, the data as body. */
export function fromHeaders(headers: IncomingHttpHeaders, body: Buffer): Attributes | FieldError {
  const attributes = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('ce-') && typeof value === 'string' ? [[name.slice(3), decodeHeader(value)]] : [],
    ),
  ) as Attributes;
  const contentType = headers['content-type'] || undefined;
  const data = contentType === undefined ? guessData(body) : decodeData(body, contentType);
  if (isFieldError(data)) return data;
  if (contentType !== undefined) attributes['datacontenttype'] = contentType;
  // Without a type, what is kept in base64 must not be taken for JSON again.
  if (contentType === undefined && data.name === 'data_base64') attributes['data'] = { data_base64: data.value };
  else if (data.value !== undefined) attributes[data.name] = data.value;
  return attributes;
}

/**
 * HTTP binding §3.1.3.2: removes double quotes, then decodes percent-encoding once. Node takes the bytes of headers for
 * Latin-1; some clients send UTF-8.
 */
function decodeHeader(header: string): string {
  const bytes = Buffer.from(header, 'latin1');
  const value = isUtf8(bytes) ? bytes.toString('utf8') : header;
  const text = /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const isJson = (type: string) => /^(application|text)\/(json|[\w.+-]+\+json)$/.test(type);

export function mediaType(value: unknown): string {
  return typeof value === 'string' ? (value.split(';', 1)[0] ?? '').trim().toLowerCase() : '';
}

export function isFieldError(value: object): value is FieldError {
  return Object.hasOwn(value, 'path') && Object.hasOwn(value, 'message') && Object.keys(value).length === 2;
}
