import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import {
  BAD_TEXTS,
  BAD_TIMES,
  BAD_VALUES,
  eventJson,
  GOOD_TEXTS,
  GOOD_VALUES,
  PLACES,
  WRONG_TYPES,
} from './bad-events.js';
import type { RawRequest } from './raw-http.js';

export interface Case extends RawRequest {
  name: string;
  /** Statuses that are right. */
  statuses: number[];
  /** What the answer must name. */
  field?: string;
  /** Parts may be refused and others not. */
  mixed?: boolean;
}

const OK = [200, 201, 202];
const JSON_TYPE = { 'Content-Type': 'application/json' };
const EVENT_ID = '019b0000-0000-7000-8000-000000000000';
/** Every kind of body there is: the fast path's, checked by hand, and through DTO classes. */
const ROUTES: [method: string, path: string][] = [
  ['POST', '/events'],
  ['POST', '/events/ingest'],
  ['POST', '/events/batch'],
  ['POST', '/EVENTS/batch'],
  ['PUT', `/events/${EVENT_ID}/enrich`],
  ['POST', '/keys'],
  ['POST', '/tenants'],
  ['POST', '/logs'],
  ['POST', '/logs/bulk'],
  ['POST', '/audit-events/create'],
  ['POST', '/analytics/funnel'],
  ['PUT', '/event-types/t/schema'],
];

function post(name: string, path: string, json: string, statuses: number[], field?: string): Case {
  const named = field === undefined ? {} : { field };
  return { name, method: 'POST', path, headers: JSON_TYPE, body: Buffer.from(json), statuses, ...named };
}

/** An event on its own, and second in a batch whose first is good. */
function single(name: string, members: Record<string, string>, field?: string): Case[] {
  const json = eventJson(members);
  return [
    post(`${name}, alone`, '/events/ingest', json, field === undefined ? OK : [400], field),
    post(
      `${name}, in a batch`,
      '/events/batch',
      `{"events":[${eventJson({})},${json}]}`,
      OK,
      field === undefined ? undefined : `events[1].${field}`,
    ),
  ];
}

export function fieldCases(): Case[] {
  const texts = ['event_type', 'event_id', 'idempotency_key', 'user_id', 'session_id'];
  return [
    ...texts.flatMap((field) => [
      ...BAD_TEXTS.flatMap(({ name, json }) => single(`${field}: ${name}`, { [field]: json }, field)),
      ...GOOD_TEXTS.flatMap(({ name, json }) => single(`${field}: ${name}`, { [field]: json })),
    ]),
    ...BAD_TIMES.flatMap(({ name, json }) => single(`event_time: ${name}`, { event_time: json }, 'event_time')),
    ...WRONG_TYPES.filter(({ json }) => !json.startsWith('{')).flatMap(({ name, json }) =>
      ['payload', 'properties'].flatMap((field) => single(`${field}: ${name}`, { [field]: json }, field)),
    ),
    ...['__proto__', 'constructor', 'prototype', 'colour'].flatMap((field) =>
      single(`unknown field ${field}`, { [field]: '{"polluted":1}' }, field),
    ),
    ...single('payload and other properties', { payload: '{"a":1}', properties: '{"a":2}' }, 'properties'),
  ];
}

export function payloadCases(): Case[] {
  return PLACES.flatMap((place) => [
    // What is too deep, too large or a bad key is said of the part that has it, which is below or above the place.
    ...BAD_VALUES.flatMap(({ name, json }) =>
      single(
        `${place.name}: ${name}`,
        { payload: place.json(json) },
        /^[-"1]/.test(json) && json.length < 1_000 ? place.path : 'payload',
      ),
    ),
    ...GOOD_VALUES.flatMap(({ name, json }) => single(`${place.name}: ${name}`, { payload: place.json(json) })),
  ]);
}

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const SHAPES: [name: string, body: string | Buffer][] = [
  ...['', ' ', 'null', 'true', '1', '"text"', '[]', '[{}]', '{', '{"a":1', '{"a":1,}', "{'a':1}", '{a:1}', 'NaN'].map(
    (body): [string, string] => [`body ${body}`, body],
  ),
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"prototype":1}'].map(
    (body): [string, string] => [`body ${body}`, body],
  ),
  ['two values', '{}{}'],
  ['100,000 deep', deep(100_000)],
  ['5,000 deep in an unknown field', `{"colour":${deep(5_000)}}`],
  ['5,000 objects deep in an unknown field', `{"colour":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`],
  ['20,000 unknown fields', `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(',')}}`],
  ['NUL in an unknown field', '{"colour":"\\u0000"}'],
  ['UTF-16', Buffer.from('\ufeff{"event_type":"a"}', 'utf16le')],
  ['overlong /', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['overlong NUL', Buffer.from([0x22, 0xe0, 0x80, 0x80, 0x22])],
  ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['a cut off character', Buffer.from([0x22, 0xf0, 0x9f, 0x99])],
  ['above U+10FFFF', Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22])],
];

export function shapeCases(): Case[] {
  return ROUTES.flatMap(([method, path]) => [
    ...SHAPES.map(([name, body]) => ({
      ...{ name: `${method} ${path}: ${name}`, method, path, headers: JSON_TYPE, body: Buffer.from(body) },
      statuses: [400],
    })),
    {
      ...{ name: `${method} ${path}: no body`, method, path, statuses: [400] },
    },
    {
      ...{ name: `${method} ${path}: 5 MB and a byte`, method, path, headers: JSON_TYPE },
      ...{ body: Buffer.alloc(5_242_881, 0x20), statuses: [413] },
    },
  ]);
}

/** Invalid bytes inside what would be a good body: not to be stored as something else. */
export function byteCases(): Case[] {
  const bodies: [path: string, before: string, after: string][] = [
    ['/events/ingest', '{"event_type":"', '"}'],
    ['/events/batch', '{"events":[{"event_type":"', '"}]}'],
    ['/keys', '{"client_id":"c","name":"', '"}'],
    ['/tenants', '{"name":"', '"}'],
    ['/logs', '{"action_type":"VIEW","resource_type":"r","resource_id":"', '"}'],
  ];
  const bytes = [[0xc0, 0xaf], [0xc0, 0x80], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf8, 0x88], [0xff], [0x80], [0]];
  return bodies.flatMap(([path, before, after]) =>
    bytes.map((bad) => ({
      ...{ name: `${path}: bytes ${Buffer.from(bad).toString('hex')}`, method: 'POST', path, headers: JSON_TYPE },
      ...{ body: Buffer.concat([Buffer.from(before), Buffer.from(bad), Buffer.from(after)]), statuses: [400] },
    })),
  );
}

const FIVE_MB = 5_242_000;
const filled = (part: string) =>
  Array(Math.floor(FIVE_MB / (part.length + 1)))
    .fill(part)
    .join(',');
const numbered = (count: number, make: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => make(n)).join(',');
const texts = (n: number) => `{"event_type":"a","payload":{"a":[${numbered(38_000, (m) => `"${n}t${m}"`)}]}}`;
const names = (n: number, count: number) => `{"event_type":"a","payload":{${numbered(count, (m) => `"${n}k${m}":1`)}}}`;
/** Bodies of 5 MB, as slow to parse as can be. */
const SLOW_BODIES: [name: string, body: string][] = [
  ['[ without end', '['.repeat(FIVE_MB)],
  ['1,000 levels, many times', `{"events":[${filled(deep(1_000))}]}`],
  ['120 levels, many times', `{"events":[${numbered(12, () => `[${Array(330).fill(deep(120)).join(',')}]`)}]}`],
  ['empty arrays', `{"events":[${filled('[]')}]}`],
  ['empty objects in one event', `{"events":[{"event_type":"a","payload":{"a":[${filled('{}')}]}}]}`],
  ['objects in objects', `{"events":[${filled('{"a":{}}')}]}`],
  ['numbers', `{"events":[${filled('1.2345678901234567e-300')}]}`],
  ['one long number', `{"events":[${'1'.repeat(FIVE_MB)}]}`],
  ['escapes', `{"events":["${'\\u0041'.repeat(FIVE_MB / 6)}"]}`],
  ['small events', `{"events":[${filled('{"event_type":"a"}')}]}`],
  ['half a million texts', `{"events":[${numbered(12, texts)}]}`],
  ['19,000 names per event', `{"events":[${numbered(20, (n) => names(n, 19_000))}]}`],
  ['1,000 events of 390 names', `{"events":[${numbered(1_000, (n) => names(n, 390))}]}`],
  [
    '1,000 events of 5 KB',
    `{"events":[${Array(1_000)
      .fill(`{"event_type":"a","payload":{"a":"${'\\\\u0001'.repeat(700)}"}}`)
      .join(',')}]}`,
  ],
  ['names in one object', `{${numbered(400_000, (n) => `"k${n}":1`)}}`],
];

export function slowCases(): Case[] {
  const send = (method: string, path: string, name: string, body: string, statuses: number[]): Case => ({
    ...{ name: `${method} ${path}: ${name}`, method, path, headers: JSON_TYPE, body: Buffer.from(body), statuses },
  });
  return SLOW_BODIES.flatMap(([name, body]) => [
    { ...send('POST', '/events/batch', name, body, [202, 400, 413]), mixed: true },
    ...[
      ['POST', '/keys'],
      ['POST', '/logs/bulk'],
      ['PUT', `/events/${EVENT_ID}/enrich`],
    ].map(([method, path]) => send(method!, path!, name, body, [400, 413])),
  ]);
}

export function headerCases(): Case[] {
  const body = Buffer.from(eventJson({}));
  const spaces = Buffer.alloc(20 * 1_048_576, 0x20);
  const gzipBomb = gzipSync(spaces);
  const brotliBomb = brotliCompressSync(spaces, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  const header = (
    name: string,
    path: string,
    headers: Record<string, string>,
    statuses: number[],
    own = body,
  ): Case => ({
    ...{ name: `${path}: ${name}`, method: 'POST', path, headers: { ...JSON_TYPE, ...headers }, statuses, body: own },
  });
  const types = ['text/plain', 'application/xml', 'multipart/form-data', 'application/x-www-form-urlencoded'];
  return [
    ...['/events/ingest', '/events/batch', '/keys', '/logs', '/tenants'].flatMap((path) => [
      ...[
        ...types,
        'application/jsonx',
        'json',
        '',
        'application/json; charset=utf-16',
        'application/json;charset=x',
      ].map((type) => header(`type ${type}`, path, { 'Content-Type': type }, [400, 415])),
      ...['bogus', 'gzip, gzip', 'compress', 'x'.repeat(1_000)].map((encoding) =>
        header(`encoding ${encoding.slice(0, 20)}`, path, { 'Content-Encoding': encoding }, [415]),
      ),
      header('gzip that is none', path, { 'Content-Encoding': 'gzip' }, [400, 415]),
      header('gzip bomb', path, { 'Content-Encoding': 'gzip' }, [413, 415], gzipBomb),
      header('brotli bomb', path, { 'Content-Encoding': 'br' }, [413, 415], brotliBomb),
    ]),
    ...['', 'x'.repeat(256), 'x'.repeat(8_000)].map((id): Case => ({
      ...header(`Idempotency-Key of ${id.length}`, '/events/ingest', { 'Idempotency-Key': id }, [400]),
      field: 'Idempotency-Key',
    })),
    ...['nonsense', '0'.repeat(36), EVENT_ID, 'x'.repeat(8_000)].map((tenant) =>
      header(`X-Tenant-Id ${tenant.slice(0, 40)}`, '/events/ingest', { 'X-Tenant-Id': tenant }, [400, 403, 404]),
    ),
    ...['', 'x'.repeat(8_000), '../../etc', '{"a":1}'].map((id) =>
      header(`X-Request-Id ${id.slice(0, 40)}`, '/events/ingest', { 'X-Request-Id': id }, OK),
    ),
    header('Expect: 100-continue', '/events/ingest', { Expect: '100-continue' }, OK),
    { ...header('chunked', '/events/ingest', {}, OK), chunked: true },
    {
      ...header('chunked and too large', '/events/ingest', {}, [413]),
      chunked: true,
      body: Buffer.alloc(5_242_881, 32),
    },
    { ...header('chunked and cut off', '/events/ingest', {}, [400]), chunked: true, body: body.subarray(0, 9) },
  ];
}

export function queryCases(): Case[] {
  const range = ['timeseries', 'events-by-type', 'group-by-client-and-type', 'processing-metrics', 'retention'];
  const ranged = [
    '/events',
    '/logs',
    '/logs/stats',
    '/audit/logs',
    '/analytics',
    ...range.map((path) => `/analytics/${path}`),
  ];
  const lists = [
    '/events',
    '/logs',
    '/audit/logs',
    '/keys',
    '/tenants',
    '/events/failed',
    '/analytics/users/u/journey',
  ];
  const filtered: [path: string, names: string[]][] = [
    ['/events', ['event_type', 'user_id', 'session_id', 'client_id']],
    ['/logs', ['user_id', 'resource_id', 'q', 'message', 'user_agent', 'client_id', 'idempotency_key']],
    ['/audit/logs', ['endpoint', 'client_id', 'method']],
    ['/analytics/timeseries', ['event_type', 'client_id']],
    ['/audit-events/search', ['user', 'functionality', 'message_pattern']],
    [`/events/${EVENT_ID}`, ['client_id']],
  ];
  const times = [
    'yesterday',
    '',
    '0000-01-01',
    '2026-02-30T00:00:00Z',
    'infinity',
    '%00',
    '2026-01-01T00:00:60Z',
    '1e400',
    ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '1899-12-31T23:59:59Z', '3000-01-01T00:00:00Z'],
    ...['9999-12-31T23:59:59Z', '9999-12-31T23:59:59-23:59', '-infinity', '%2B010000-01-01T00:00:00Z'],
    ...['2026-01-01T00:00:00+02:00', '2026-01-01T00:00:00%2B24:00', '2026-01-01T00:00:00%2B14:60'],
  ];
  const limits = ['0', '-1', '1001', '1e3', '1.5', 'abc', '', '%00', '9'.repeat(400), 'NaN', '0x10'];
  const forged = [
    ...['0000-01-01T00:00:00.000000Z', '2026-02-30T00:00:00.000000Z', '2026-04-31T00:00:00.000000Z', 'infinity'],
    ...['9999-12-31T23:59:59.999999Z', '253402300800000', '999999999999999', '-62167219200001', '8640000000000001'],
  ].map((time) => Buffer.from(`${time} ${EVENT_ID}`).toString('base64url'));
  const cursors = ['zzz', '%00', 'x'.repeat(10_000), '', 'AAAA', '..%2F', '%ff%fe', ...forged];
  const zones = ['Mars/Olympus', '%00', '', '+25:00', 'x'.repeat(5_000), "UTC'--", '__proto__'];
  const get = (path: string, name: string, value: string, statuses = [400]): Case => ({
    ...{ name: `${path}?${name}=${value.slice(0, 40)}`, method: 'GET', path: `${path}?${name}=${value}`, statuses },
    field: decodeURIComponent(name),
  });
  return [
    ...ranged.flatMap((path) => times.flatMap((time) => [get(path, 'from', time), get(path, 'to', time)])),
    ...lists.flatMap((path) => limits.map((limit) => get(path, 'limit', limit))),
    ...lists.flatMap((path) => cursors.map((cursor) => get(path, 'cursor', cursor))),
    ...[...ranged, ...lists].flatMap((path) =>
      ['colour', '__proto__', 'from%5B%5D', 'from%5Bb%5D', ''].map((name) => get(path, name, '1')),
    ),
    ...['/events', '/events/ingest', '/events/batch'].map((path) => ({
      ...post(`${path}?colour=1`, `${path}?colour=1`, eventJson({}), [400], 'colour'),
    })),
    ...['/auth/info', '/audit-events/recent', `/logs/${EVENT_ID}`, `/keys/${EVENT_ID}`].flatMap((path) =>
      ['colour', '__proto__', 'limit'].map((name) => get(path, name, '1')),
    ),
    ...ranged.map((path) => ({
      ...get(path, 'from', '2026-01-01T00:00:00Z&from=2026-01-02T00:00:00Z'),
      field: 'from',
    })),
    ...['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].flatMap((time) => [
      post(`/events/failed/retry to ${time}`, '/events/failed/retry', `{"to":"${time}"}`, [400], 'to'),
      post(
        `/analytics/funnel to ${time}`,
        '/analytics/funnel',
        `{"steps":[{"event_type":"a"}],"to":"${time}"}`,
        [400],
        'to',
      ),
      post(`/keys until ${time}`, '/keys', `{"client_id":"c","name":"n","expires_at":"${time}"}`, [400], 'expires_at'),
    ]),
    ...['/keys', '/logs', '/analytics/funnel', '/events/failed/retry'].map((path) => ({
      ...post(`${path}?colour=1`, `${path}?colour=1`, '{}', [400], 'colour'),
    })),
    ...zones.map((zone) => get('/analytics/timeseries', 'tz', zone)),
    ...['fortnight', '', '%00', '__proto__'].map((value) => get('/analytics/timeseries', 'interval', value)),
    ...filtered.flatMap(([path, names]) =>
      names.flatMap((name) => ['%00', 'a%00b', '', 'x'.repeat(10_000)].map((value) => get(path, name, value))),
    ),
  ];
}
