import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { BAD_TEXTS, BAD_TIMES, WRONG_TYPES } from './bad-events.js';
import { RandomValues } from './random-values.js';

/** A request as it goes over the wire, but for what stands in braces: that differs from server to server. */
export interface IngestRequest {
  method: string;
  path: string;
  /** Name, value, name, value; a name may come twice. */
  headers: string[];
  body: Buffer | null;
  chunked: boolean;
}

/** The credentials of one server, by the names that stand for them in requests. */
export type Credentials = Record<string, string>;

/** What one route takes, and where. */
export interface IngestRoute {
  name: string;
  paths: readonly string[];
  body: (values: RandomValues) => { json: string; headers?: string[] };
}

export const LISTED_ORIGIN = 'https://app.example.com';
export const OWN_HEADER = 'X-Own-Key';

const TYPES = ['signup', 'view', 'Größe', 'checked'];
const BAD_JSON = [...BAD_TEXTS, ...BAD_TIMES, ...WRONG_TYPES]
  .map(({ json }) => json)
  .filter((json) => json.length < 900);
const NO_EVENTS = ['', ' ', 'null', '1', '"a"', '[]', '{', '{}', '{"a":1}', '\ufeff{"event_type":"marked"}', '{}{}'];

/** One event, mostly good. Ids come again, with the same and with other content. */
function event(values: RandomValues): string {
  const members: [string, string][] = [['event_type', JSON.stringify(values.pick(TYPES))]];
  if (values.below(2) === 0) members.push(['event_id', `"e-${values.below(60)}"`]);
  if (values.below(3) === 0) members.push(['user_id', JSON.stringify(values.text())]);
  if (values.below(3) === 0) members.push(['payload', JSON.stringify(values.object())]);
  if (values.below(4) === 0) members.push(['event_time', '"2026-10-0' + `${1 + values.below(9)}T08:00:00Z"`]);
  if (values.below(5) === 0) members.push([values.pick(MEMBERS), values.pick(BAD_JSON)]);
  return `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

const MEMBERS = ['event_type', 'event_id', 'event_time', 'user_id', 'payload', 'session_id', 'idempotency_key', 'nope'];

function list(values: RandomValues, item: (values: RandomValues) => string): string {
  const length = values.pick([0, 1, 1, 2, 3, 4, 4, 12]);
  return Array.from({ length }, () => (values.below(12) === 0 ? values.pick(BAD_JSON) : item(values))).join(',');
}

function message(values: RandomValues, typed = false): string {
  const members: [string, string][] = [['event', JSON.stringify(values.pick(TYPES))]];
  if (typed) members.push(['type', JSON.stringify(values.pick(['track', 'page', 'alias', 'nope']))]);
  if (values.below(2) === 0) members.push(['messageId', `"m-${values.below(60)}"`]);
  if (values.below(3) > 0) members.push(['userId', JSON.stringify(values.text())]);
  if (values.below(3) === 0) members.push(['properties', JSON.stringify(values.object())]);
  if (values.below(6) === 0)
    members.push([values.pick(['event', 'context', 'userId', 'timestamp']), values.pick(BAD_JSON)]);
  if (values.below(3) === 0) members.push(['writeKey', `"${values.pick(KEYS)}"`]);
  return `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

function cloudEvent(values: RandomValues): string {
  const members: [string, string][] = [
    ['specversion', values.below(12) === 0 ? '"0.3"' : '"1.0"'],
    ['id', `"c-${values.below(60)}"`],
    ['source', '"/shop"'],
    ['type', JSON.stringify(values.pick(TYPES))],
  ];
  if (values.below(2) === 0) members.push(['data', JSON.stringify(values.json())]);
  if (values.below(6) === 0) members.push([values.pick(['id', 'source', 'time', 'Bad-Name']), values.pick(BAD_JSON)]);
  return `{${members.map(([name, json]) => `"${name}":${json}`).join(',')}}`;
}

function eventOrCloudEvents(values: RandomValues): { json: string; headers?: string[] } {
  const form = values.below(6);
  if (form > 2) return { json: event(values) };
  if (form === 0) return { json: cloudEvent(values), headers: ['Content-Type', 'application/cloudevents+json'] };
  if (form === 1) {
    return { json: `[${list(values, cloudEvent)}]`, headers: ['content-type', 'application/cloudevents-batch+json'] };
  }
  const id = values.pick(['c-1', 'c-%C3%A9', '', `"c-${values.below(60)}"`]);
  const headers = ['ce-specversion', '1.0', 'ce-id', id, 'CE-Source', '/shop', 'ce-type', values.pick(['a', 'b'])];
  return { json: JSON.stringify(values.json()), headers: ['Content-Type', 'application/json', ...headers] };
}

const SEGMENT = ['track', 'page', 'screen', 'identify', 'group', 'alias'];
const addresses = (call: string) => [`/v1/${call}`, `/v1/${call[0]}`, `/${call[0]}`];

export const INGEST_ROUTES: IngestRoute[] = [
  { name: 'events/ingest', paths: ['/api/v1/events/ingest'], body: (values) => ({ json: event(values) }) },
  { name: 'events', paths: ['/api/v1/events'], body: eventOrCloudEvents },
  {
    name: 'events/batch',
    paths: ['/api/v1/events/batch'],
    body: (values) => ({ json: `{"events":[${list(values, event)}]}` }),
  },
  { name: "Segment's calls", paths: SEGMENT.flatMap(addresses), body: (values) => ({ json: message(values) }) },
  {
    name: "Segment's batch",
    paths: addresses('batch'),
    body: (values) => ({
      json: `{"batch":[${list(values, (own) => message(own, true))}],"writeKey":"${values.pick(KEYS)}"}`,
    }),
  },
];

/** Names of {@link Credentials}; and what is no credential at all. */
const KEYS = ['{write}', '{write}', '{track}', '{read}', '{disabled}', '{limited}', '{few}', 'wrong', ''];
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'post', 'TRACE'];
const JSON_TYPES = ['application/json', 'Application/JSON; charset=utf-8', 'application/json;charset=UTF-8'];
const OTHER_TYPES = [
  ...['text/plain', 'application/json; charset=latin1', 'application/jsonx', '', 'application/cloudevents+xml'],
  ...['application/x-www-form-urlencoded', 'application/cloudevents+json; charset=utf-16'],
];
const QUERIES = [
  '?',
  '?colour=1',
  '?api_key=',
  '?api_key={write}',
  '?=1',
  '?api_key=wrong&colour=2',
  '?%00',
  '?a[b]=1',
];

/** One request to a route; most go through, all else is wrong in one way or in several. */
export function ingestRequest(route: IngestRoute, values: RandomValues): IngestRequest {
  const made = route.body(values);
  const headers = [...credential(route, values), ...(made.headers ?? contentType(values)), ...extras(values)];
  const json = values.below(15) === 0 ? values.pick(NO_EVENTS) : made.json;
  const { body, encoding } = encode(Buffer.from(json), values);
  const method = values.below(8) === 0 ? values.pick(METHODS) : 'POST';
  return {
    method,
    path: respell(values.pick(route.paths), values) + (values.below(6) === 0 ? values.pick(QUERIES) : ''),
    headers: [...headers, ...encoding],
    body: values.below(25) === 0 || method === 'TRACE' ? null : body,
    chunked: values.below(8) === 0,
  };
}

/** A path as somebody else might write it; Express takes some of them for the same. */
function respell(path: string, values: RandomValues): string {
  switch (values.below(24)) {
    case 0:
      return path.toUpperCase();
    case 1:
      return path.replace(/[a-z]/g, (letter) => (values.below(2) === 0 ? letter.toUpperCase() : letter));
    case 2:
      return `${path}/`;
    case 3:
      return path + values.pick(['//', '/.', '%2f', '%2F', '%20', ';a=1', '.', '#x', '/#', '/x', '%', '%zz', '\\']);
    case 4: {
      const at = 1 + values.below(path.length - 1);
      return `${path.slice(0, at)}%${path.charCodeAt(at).toString(16)}${path.slice(at + 1)}`;
    }
    case 5:
      return path.replace('/v1', values.pick(['//v1', '/./v1', '/v1/../v1', '/V1', '/v2', '', '/v1%2F', '/%C5%BF1']));
    case 6:
      return `${values.pick(['http://else.where', 'HTTPS://a:1', 'http://h/x'])}${path}`;
    default:
      return path;
  }
}

function credential({ name }: IngestRoute, values: RandomValues): string[] {
  const key = values.pick(KEYS);
  const basic = `Basic ${key === '' ? '!' : `{basic ${key.replace(/[{}]/g, '')}}`}`;
  switch (values.below(name.startsWith('Segment') ? 16 : 13)) {
    case 0:
      return ['Authorization', `Bearer ${key}`];
    case 1:
      return ['authorization', values.pick([`bearer  ${key}`, key, 'Bearer a b', 'Bearer {token}', 'Bearer eyJ.a.b'])];
    case 2:
      return [OWN_HEADER, key];
    case 3:
      return ['X-API-Key', key, 'x-api-key', values.pick(KEYS)];
    case 4:
      return ['X-API-Key', '{platform}', 'X-Tenant-Id', values.pick(['{tenant}', 'nonsense', '{nowhere}', ''])];
    case 5:
      return ['X-API-Key', values.pick([key, `${key} `, '{token}']), 'Authorization', `Bearer ${values.pick(KEYS)}`];
    case 6:
    case 13:
      return ['Authorization', basic];
    case 7:
    case 14:
    case 15:
      return [];
    default:
      return ['X-API-Key', values.below(4) === 0 ? key : '{write}'];
  }
}

function contentType(values: RandomValues): string[] {
  const given = values.below(14);
  if (given === 0) return [];
  if (given === 1) return ['Content-Type', values.pick(JSON_TYPES), 'Content-Type', values.pick(OTHER_TYPES)];
  return ['Content-Type', values.pick(given === 2 ? OTHER_TYPES : JSON_TYPES)];
}

const EXTRAS: ((values: RandomValues) => string[])[] = [
  (values) => ['Idempotency-Key', values.pick([`k-${values.below(30)}`, '', 'x'.repeat(256), 'é'])],
  () => ['Idempotency-Key', 'a', 'idempotency-key', 'b'],
  (values) => ['Origin', values.pick([LISTED_ORIGIN, 'https://evil.example.com', 'null', ''])],
  (values) => ['Origin', values.pick([LISTED_ORIGIN, 'null']), 'Access-Control-Request-Method', 'POST'],
  () => ['Origin', LISTED_ORIGIN, 'Origin', 'https://evil.example.com'],
  () => ['Access-Control-Request-Method', 'POST', 'Access-Control-Request-Headers', 'x-api-key'],
  (values) => ['Host', values.pick(['other.host', 'a b', ''])],
  (values) => ['X-Request-Id', values.pick(['two words', '', '{write}', 'x'.repeat(200)])],
  (values) => ['User-Agent', values.pick(['curl/8', '', 'two\tparts'])],
  (values) => ['Accept', values.pick(['text/html', '*/*', 'nothing'])],
  () => ['Cookie', 'tidemark_session=abc'],
  () => ['If-None-Match', '*', 'Range', 'bytes=0-1'],
  () => ['X-Forwarded-Host', 'a.example.com', 'X-Forwarded-Proto', 'https'],
  () => ['X-HTTP-Method-Override', 'GET'],
  () => ['Expect', '100-continue'],
];

const extras = (values: RandomValues): string[] =>
  Array.from({ length: values.pick([0, 0, 0, 1, 1, 2]) }, () => values.pick(EXTRAS)(values)).flat();

function encode(plain: Buffer, values: RandomValues): { body: Buffer; encoding: string[] } {
  switch (values.below(16)) {
    case 0:
      return { body: gzipSync(plain), encoding: ['Content-Encoding', 'gzip'] };
    case 1:
      return { body: brotliCompressSync(plain), encoding: ['Content-Encoding', 'BR'] };
    case 2:
      return { body: deflateSync(plain), encoding: ['content-encoding', ' deflate'] };
    case 3:
      return {
        body: plain,
        encoding: ['Content-Encoding', values.pick(['gzip', 'identity', 'bogus', 'gzip, br', ''])],
      };
    case 4:
      return { body: Buffer.concat([plain, values.pick(TAILS)]), encoding: [] };
    default:
      return { body: plain, encoding: [] };
  }
}

/** Bytes that are no UTF-8, and a body that is too long. */
const TAILS = [Buffer.from([0xff]), Buffer.from([0xc0, 0xaf]), Buffer.alloc(70_000, ' ')];

/** `text` with the credentials of one server in it. */
export function filledIn(text: string, credentials: Credentials): string {
  return text
    .replace(/\{basic ([^}]*)\}/g, (_whole, name: string) =>
      Buffer.from(`${credentials[name] ?? name}:`).toString('base64'),
    )
    .replace(/\{(\w+)\}/g, (whole, name: string) => credentials[name] ?? whole);
}
