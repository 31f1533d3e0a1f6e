import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { PLATFORM_KEY } from '../support/api.js';
import { describeApi } from '../support/fixture.js';
import { sendStart } from '../support/raw-http.js';

const WITHIN_MS = 5_000;
const JSON_TYPE = { 'Content-Type': 'application/json' };
const KEY = { 'X-API-Key': PLATFORM_KEY };
const VERBS = ['get', 'post', 'put', 'patch', 'delete'] as const;

type Document = { paths: Record<string, Record<string, { security?: unknown }>> };

interface Place {
  path: string;
  json: (id: number) => string;
  type?: string;
  status: number;
}

/** Every way in: in front of Express, through Nest's DTO classes and by hand, CloudEvents, Segment's with both keys. */
const PLACES: Place[] = [
  { path: '/api/v1/events/ingest', json: (id) => `{"event_type":"a","event_id":"i-${id}"}`, status: 202 },
  { path: '/API/v1/Events/batch/', json: (id) => `{"events":[{"event_type":"a","event_id":"b-${id}"}]}`, status: 202 },
  {
    path: '/api/v1/events',
    json: (id) => `{"specversion":"1.0","id":"c-${id}","source":"/s","type":"a"}`,
    type: 'application/cloudevents+json',
    status: 202,
  },
  { path: '/api/v1/tenants', json: (id) => `{"name":"t-${id}"}`, status: 201 },
  {
    path: '/api/v1/logs',
    json: (id) => `{"action_type":"VIEW","resource_type":"r","resource_id":"${id}"}`,
    status: 201,
  },
  { path: '/v1/track', json: (id) => `{"event":"a","userId":"u","messageId":"s-${id}"}`, status: 200 },
];

describeApi('bodies', { env: { RATE_LIMIT_REQUESTS: '100000' } }, (api) => {
  let port: number;
  let id = 0;

  beforeAll(async () => {
    ({ port } = api.app.getHttpServer().address() as AddressInfo);
  });

  async function send(method: string, path: string, body: Buffer | string, headers: Record<string, string>) {
    const sent = method === 'GET' ? {} : { body: body as string };
    const response = await fetch(`${api.url}${path}`, { method, headers, ...sent });
    const text = await response.text();
    const parsed = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: response.status, headers: response.headers, detail: parsed['detail'], body: parsed };
  }

  const sendTo = (place: Place, body: Buffer | string, headers: Record<string, string> = {}) =>
    send('POST', place.path, body, { ...KEY, 'Content-Type': place.type ?? 'application/json', ...headers });

  async function operations(): Promise<{ method: string; path: string; isPublic: boolean }[]> {
    const { paths } = (await (await fetch(`${api.url}/docs-json`)).json()) as Document;
    return Object.entries(paths).flatMap(([path, item]) =>
      VERBS.filter((verb) => item[verb] !== undefined).map((verb) => ({
        method: verb.toUpperCase(),
        path: path.replace(/\{[^}]+\}/g, '7'),
        isPublic: item[verb]?.security === undefined,
      })),
    );
  }

  it('are not waited for, whatever the route, before the credential in a header is known', async () => {
    const all = await operations();
    expect(all.length).toBeGreaterThan(50);
    const unknown = ['/nowhere', '/api/v1/nowhere', '/docs', '/v1', '/'].map((path) => ({
      ...{ method: 'POST', path, isPublic: true },
    }));
    const faults: string[] = [];
    for (const { method, path, isPublic } of [...all, ...unknown]) {
      for (const encoding of ['identity', 'br']) {
        const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: wrong\r\nContent-Type: application/json\r\nContent-Encoding: ${encoding}\r\nContent-Length: 1000000\r\n\r\n{"a":`;
        const answer = await sendStart(port, head, WITHIN_MS).catch((error: Error) => error.message);
        const expected = isPublic ? /^HTTP\/1\.1 (200|404|405|413) / : /^HTTP\/1\.1 (401|429) /;
        if (!expected.test(answer)) faults.push(`${method} ${path}, ${encoding}: ${answer.slice(0, 60)}`);
      }
    }
    expect(faults).toEqual([]);
  }, 120_000);

  it('of a route that is public, where the body holds the key, are small', async () => {
    const signIn = (body: Buffer | string, headers: Record<string, string> = {}) =>
      send('POST', '/api/v1/auth/session', body, { 'Content-Type': 'application/json', ...headers });
    expect((await signIn(JSON.stringify({ key: PLATFORM_KEY }))).status).toBe(204);
    expect((await signIn(JSON.stringify({ key: 'x'.repeat(8_192) }))).status).toBe(413);
    const zipped = brotliCompressSync(JSON.stringify({ key: 'x'.repeat(1_000_000) }));
    expect((await signIn(zipped, { 'Content-Encoding': 'br' })).status).toBe(413);
  });

  it('may be compressed in the same ways on every route, and begin with a byte order mark', async () => {
    const encoders: [string, (text: Buffer) => Buffer][] = [
      ['gzip', (bytes) => gzipSync(bytes)],
      ['x-gzip', (bytes) => gzipSync(bytes)],
      ['deflate', (bytes) => deflateSync(bytes)],
      ['br', (bytes) => brotliCompressSync(bytes)],
      ['BR', (bytes) => brotliCompressSync(bytes)],
      ['identity', (bytes) => bytes],
    ];
    for (const place of PLACES) {
      for (const mark of ['', '\ufeff']) {
        for (const [encoding, encode] of encoders) {
          const sent = encode(Buffer.from(mark + place.json(id++)));
          const answer = await sendTo(place, sent, { 'Content-Encoding': encoding });
          expect([place.path, encoding, mark, answer.status, answer.detail]).toEqual([
            ...[place.path, encoding, mark, place.status, undefined],
          ]);
        }
      }
    }
  });

  it('are refused in the same words on every route', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000, ' '));
    const repeated = gzipSync(Buffer.alloc(2_000_000, ' '));
    const faults: [string, Buffer | string, Record<string, string>, number, RegExp][] = [
      ['not JSON', '{"a":1,}', {}, 400, /^The body is not valid JSON: .+\.$/],
      ['two values', '{}{}', {}, 400, /^The body is not valid JSON: .+\.$/],
      ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, /^The body is not valid UTF-8\.$/],
      ['too deep', `{"x":${'{"a":'.repeat(200)}1${'}'.repeat(201)}`, {}, 400, /^x is nested deeper than 128 levels\.$/],
      ['too long', Buffer.alloc(5_242_881, ' '), {}, 413, /^The body is larger than 5242880 bytes\. Split it/],
      ['a bomb', bomb, { 'Content-Encoding': 'gzip' }, 413, /^The body is larger than 5242880 bytes\. Split it/],
      [
        'too dense',
        repeated,
        { 'Content-Encoding': 'gzip' },
        413,
        /^The body inflates to more than 100 times its length/,
      ],
      ['not gzip', '{}', { 'Content-Encoding': 'gzip' }, 400, /^The body is not valid gzip, though/],
      ['not brotli', '{}', { 'Content-Encoding': 'br' }, 400, /^The body is not valid br, though/],
      ['not deflate', '{}', { 'Content-Encoding': 'deflate' }, 400, /^The body is not valid deflate, though/],
      [
        'cut off',
        gzipSync('{"a":1}').subarray(0, 15),
        { 'Content-Encoding': 'gzip' },
        400,
        /^The body is not valid gzip/,
      ],
      [
        'encoded twice',
        '{}',
        { 'Content-Encoding': 'gzip, gzip' },
        415,
        /^Content-Encoding gzip, gzip is not supported/,
      ],
      [
        'zstd',
        '{}',
        { 'Content-Encoding': 'zstd' },
        415,
        /^Content-Encoding zstd is not supported; send gzip, deflate or br/,
      ],
      ['UTF-16', '{}', { 'Content-Type': 'application/json; charset=utf-16' }, 415, /^Send JSON in UTF-8, not utf-16/],
    ];
    for (const place of PLACES) {
      const isSegment = place.path.startsWith('/v1/');
      for (const [name, body, headers, status, said] of faults) {
        const type = headers['Content-Type']?.replace('application/json', place.type ?? 'application/json');
        const answer = await sendTo(place, body, type === undefined ? headers : { ...headers, 'Content-Type': type });
        const expected = isSegment ? 400 : status;
        expect([place.path, name, answer.status, String(answer.detail)]).toEqual([
          ...[place.path, name, expected, expect.stringMatching(said)],
        ]);
        if (headers['Content-Encoding'] !== undefined && status === 415) {
          expect(answer.headers.get('accept-encoding')).toBe('gzip, deflate, br, identity');
        }
      }
      if (isSegment) continue;
      const typed = await sendTo(place, '{}', { 'Content-Type': 'application/cloudevents+xml' });
      const type = place.path === '/api/v1/events' ? 'application/cloudevents+json' : 'application/json';
      expect([typed.status, typed.headers.get('accept')]).toEqual([415, type]);
    }
  }, 60_000);

  it('of a known path with another method get 405 and the methods there are', async () => {
    const all = await operations();
    const paths = [...new Set(all.map(({ path }) => path))];
    for (const path of [...paths, '/docs', '/docs-json']) {
      const documented = all.filter((one) => one.path === path).map(({ method }) => method);
      const answer = await send('TRACK', path, '', KEY).catch(() => send('PROPFIND', path, '', KEY));
      const allowed = (answer.headers.get('allow') ?? '').split(', ');
      expect([path, answer.status, answer.body['status']]).toEqual([path, 405, 405]);
      expect(allowed).toEqual(expect.arrayContaining([...documented, 'OPTIONS']));
      expect(allowed.includes('HEAD')).toBe(allowed.includes('GET'));
      const options = await fetch(`${api.url}${path}`, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('allow')]).toEqual([204, answer.headers.get('allow')]);
    }
    for (const path of ['/v1/t', '/b', '/V1/Batch', '/v1/projects/k/settings']) {
      const answer = await send('PUT', path, '{', {});
      const allow = path.endsWith('settings') ? 'GET, HEAD, OPTIONS' : 'OPTIONS, POST';
      expect([answer.status, answer.body['code'], answer.headers.get('allow')]).toEqual([
        ...[405, 'method_not_allowed', allow],
      ]);
    }
    for (const path of ['/nowhere', '/api/v1/nowhere', '/v1/nowhere', '/api/v1']) {
      expect((await send('PUT', path, '{', KEY)).status).toBe(404);
    }
    expect((await fetch(`${api.url}/v1/projects/k/settings`, { method: 'HEAD' })).status).toBe(200);
  });

  it('made to be slow sink one event of a batch, never the others', async () => {
    const good = '{"event_type":"slow"}';
    const many = `{"event_type":"slow","payload":{"a":[${'[],'.repeat(45_000)}[]]}}`;
    const deep = `{"event_type":"slow","payload":{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`;
    const { status, body } = await send(
      'POST',
      '/api/v1/events/batch',
      `{"events":[${good},${many},${deep},${good}]}`,
      {
        ...{ ...JSON_TYPE, ...KEY },
      },
    );
    expect(status).toBe(202);
    expect(body).toMatchObject({
      accepted: 2,
      rejected: 2,
      results: [
        {},
        { error: { path: 'events[1].payload', message: 'payload has more than 40000 values' } },
        { error: { path: 'events[2].payload', message: 'payload is nested deeper than 128 levels' } },
        {},
      ],
    });
    const logs = '{"action_type":"VIEW","resource_type":"r","resource_id":"1"}';
    const bulk = await send('POST', '/api/v1/logs/bulk', `{"logs":[${logs},${many}]}`, { ...JSON_TYPE, ...KEY });
    expect([bulk.status, bulk.body['accepted'] ?? bulk.body['created'], bulk.body['rejected']]).toEqual([201, 1, 1]);
    const segment = await send(
      'POST',
      '/v1/batch',
      `{"batch":[{"type":"track","event":"slow","userId":"u"},${many}]}`,
      KEY,
    );
    expect(segment).toMatchObject({ status: 200, body: { accepted: 1, rejected: 1 } });
    const inBase64 = Buffer.from(`{"a":[${'[],'.repeat(45_000)}[]]}`).toString('base64');
    const cloud = { specversion: '1.0', id: 'x', source: '/s', type: 'slow', data_base64: inBase64 };
    const binary = { 'ce-specversion': '1.0', 'ce-id': 'y', 'ce-source': '/s', 'ce-type': 'slow' };
    for (const [text, headers] of [
      [
        JSON.stringify({ ...cloud, datacontenttype: 'application/json' }),
        { 'Content-Type': 'application/cloudevents+json' },
      ],
      [`{"a":[${'[],'.repeat(45_000)}[]]}`, { ...JSON_TYPE, ...binary }],
    ] as const) {
      const answer = await send('POST', '/api/v1/events', text, { ...KEY, ...headers });
      expect([answer.status, answer.detail]).toEqual([400, expect.stringContaining('too complex')]);
    }
  });
});

const OPTIONS = { env: { RATE_LIMIT_REQUESTS: '100000', TRUST_PROXY: 'loopback' } };

describeApi("Segment's write key in a body", OPTIONS, (api) => {
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['write']);
  });

  /** From an address of its own, so that tests don't use up each other's attempts. */
  async function send(address: string, body: Buffer | string, headers: Record<string, string> = {}) {
    const response = await fetch(`${api.url}/v1/batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain', 'X-Forwarded-For': address, ...headers },
      body: body as string,
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const gzip = { 'Content-Encoding': 'gzip' };
  const withKey = (text: string, writeKey = key) => `{"writeKey":"${writeKey}","batch":[${text}]}`;

  it('is found and checked before anything is parsed', async () => {
    for (const rest of ['{]', '[[[[', '"\\ud800', '\u0001']) {
      expect(await send('10.0.0.1', withKey(rest, 'wrong'))).toMatchObject({ status: 401 });
      expect(await send('10.0.0.1', `{"batch":[${rest}`)).toMatchObject({
        status: 401,
        body: { message: 'API Key is missing' },
      });
      expect(await send('10.0.0.1', withKey(rest))).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    const late = `{"batch":[{"type":"track","event":"late","userId":"u","writeKey":"inner"}],"writeKey":"${key}"}`;
    expect(await send('10.0.0.1', brotliCompressSync(late), { 'Content-Encoding': 'br' })).toMatchObject({
      ...{ status: 200, body: { accepted: 1 } },
    });
  });

  it('lets in at most 512 KB inflated; a key in a header lets in more', async () => {
    const text = (bytes: number) => {
      const noise = Array.from({ length: bytes / 20 }, (_, n) => `${Math.sin(n)}`.slice(0, 20)).join('');
      return withKey(`{"type":"track","event":"e","userId":"u"},{"x":"${noise}"}`);
    };
    const bearer = { Authorization: `Bearer ${key}` };
    expect(await send('10.0.0.2', gzipSync(text(400_000)), gzip)).toMatchObject({ status: 200, body: { accepted: 1 } });
    for (const body of [text(700_000), gzipSync(text(700_000))]) {
      const headers: Record<string, string> = typeof body === 'string' ? {} : gzip;
      expect(await send('10.0.0.2', body, headers)).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('larger than 524288 bytes') as string },
      });
      expect((await send('10.0.0.2', body, { ...headers, ...bearer })).status).toBe(200);
    }
    const dense = gzipSync(withKey(' '.repeat(200_000)));
    expect((await send('10.0.0.2', dense, gzip)).body['message']).toContain('more than 100 times its length');
    expect((await send('10.0.0.2', dense, { ...gzip, ...bearer })).status).toBe(200);
  });

  it('that is missing from a malformed body is a failed attempt, limited per address', async () => {
    const bodies: [Buffer | string, Record<string, string>][] = [
      [gzipSync(Buffer.alloc(5_000_000, '[')), gzip],
      ['not gzip', gzip],
      ['[[[[', {}],
      [Buffer.from([0xff, 0xfe]), {}],
      ['{}', { 'Content-Encoding': 'zstd' }],
    ];
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++) statuses.push((await send('10.0.0.3', ...bodies[n % bodies.length]!)).status);
    expect(statuses.slice(0, 30).every((status) => status === 400 || status === 401)).toBe(true);
    expect(statuses.slice(30)).toEqual(Array(10).fill(429));
    expect((await send('10.0.0.3', withKey('{"type":"track","event":"e","userId":"u"}'))).status).toBe(200);
  });
});
