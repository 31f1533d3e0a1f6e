import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { io } from 'socket.io-client';
import { TestApi } from '../support/api.js';
import { launchChromium, TestSite } from '../support/chromium.js';
import { describeApi, describeDatabase } from '../support/fixture.js';
import { RawConnection } from '../support/raw-connection.js';

const APP = 'https://app.example.com';
const FOREIGN = 'https://evil.example.com';
const EVENT = { event_type: 'a' };
/** Every part of the server that answers: fast path, Express, Socket.IO, what has no route. */
const PATHS = [
  ...['/api/v1/events/ingest', '/api/v1/events/batch', '/api/v1/events', '/api/v1/analytics/events-by-type'],
  ...['/api/v1/keys/019b0000-0000-7000-8000-000000000000', '/api/v1/nowhere', '/docs-json', '/socket.io/?EIO=4'],
];
const ASKED_HEADERS = [
  ...['X-API-Key', 'Authorization', 'Content-Type', 'Content-Encoding', 'Idempotency-Key', 'X-Tenant-Id'],
  ...['X-Request-Id', 'CSIQ-APIKEY', 'X-Own-Key'],
];
const READABLE_HEADERS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'Retry-After', 'X-Request-Id'];

const settings = { CORS_ORIGINS: `http://localhost:5173,${APP}`, API_KEY_HEADERS: 'CSIQ-APIKEY,X-Own-Key' };

describeApi('CORS', { env: { ...settings, RATE_LIMIT_REQUESTS: '100000' } }, (api, { database }) => {
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
  });

  async function ask(path: string, origin: string, init: RequestInit = {}, url = api.url) {
    const headers = { Origin: origin, 'X-API-Key': key, ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(`${url}${path}`, { ...init, headers });
    await response.arrayBuffer();
    return { status: response.status, headers: response.headers };
  }

  const preflight = (path: string, origin: string, url?: string) => {
    const headers = {
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': ASKED_HEADERS.join(',').toLowerCase(),
    };
    return ask(path, origin, { method: 'OPTIONS', headers }, url);
  };

  const namesIn = (value: string | null) => (value ?? '').toLowerCase().split(/, */);
  const corsHeaders = (headers: Headers) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));

  it.each(PATHS)('answers a preflight of a listed origin to %s', async (path) => {
    const { status, headers } = await preflight(path, APP);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(APP);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(namesIn(headers.get('access-control-allow-methods'))).toEqual(
      expect.arrayContaining(['get', 'post', 'put', 'patch', 'delete']),
    );
    expect(namesIn(headers.get('access-control-allow-headers'))).toEqual(
      expect.arrayContaining(ASKED_HEADERS.map((name) => name.toLowerCase())),
    );
    expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
    expect(headers.get('vary')).toBe('Origin');
  });

  it.each(PATHS)('refuses a preflight of another origin to %s, and says why', async (path) => {
    const { status, headers } = await preflight(path, FOREIGN);
    expect(status).toBe(403);
    expect(corsHeaders(headers)).toEqual([]);
    expect(headers.get('vary')).toBe('Origin');
  });

  const json = (body: unknown, headers = {}) => ({
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const large = ' '.repeat(5_242_881);
  const answers: [what: string, path: string, init: RequestInit, status: number][] = [
    ['an event', '/api/v1/events/ingest', json(EVENT), 202],
    ['a batch', '/api/v1/events/batch', json({ events: [EVENT] }), 202],
    ['a question', '/api/v1/analytics/events-by-type', {}, 200],
    ['a faulty event', '/api/v1/events/ingest', json('{'), 400],
    ['an event without a key', '/api/v1/events/ingest', json(EVENT, { 'X-API-Key': '' }), 401],
    ['a question without a key', '/api/v1/events', { headers: { 'X-API-Key': '' } }, 401],
    ['a question of another scope', '/api/v1/keys', {}, 403],
    ['no route', '/api/v1/nowhere', {}, 404],
    ['no route outside the API', '/nowhere', {}, 404],
    ['a malformed path', '/api/v1/events/%E0%A4%A', {}, 400],
    ['a body too large', '/api/v1/events/ingest', json(large), 413],
    ['a body too large for Express', '/api/v1/logs', json(large), 413],
    ['a handshake of Socket.IO', '/socket.io/?EIO=4&transport=polling', {}, 200],
  ];

  it.each(answers)('lets a listed origin alone read the answer to %s', async (_what, path, init, status) => {
    const listed = await ask(path, APP, init);
    expect(listed.status).toBe(status);
    expect(listed.headers.get('access-control-allow-origin')).toBe(APP);
    expect(listed.headers.get('vary')).toBe('Origin');
    expect(namesIn(listed.headers.get('access-control-expose-headers'))).toEqual(
      expect.arrayContaining(READABLE_HEADERS.map((name) => name.toLowerCase())),
    );
    const foreign = await ask(path, FOREIGN, init);
    expect(corsHeaders(foreign.headers)).toEqual([]);
    expect(foreign.headers.get('vary')).toBe('Origin');
  });

  it('lets a listed origin read that it sent too much', async () => {
    const { body } = await api.call<{ key: string }>('POST', '/keys', {
      body: { client_id: 'brief', name: 'brief', scopes: ['write', 'read'], rate_limit: 1 },
    });
    const headers = { 'X-API-Key': body.key };
    await ask('/api/v1/auth/info', APP, { headers });
    for (const [path, init] of [
      ['/api/v1/events/ingest', json(EVENT, headers)],
      ['/api/v1/events', { headers }],
    ] as const) {
      const limited = await ask(path, APP, init);
      expect(limited.status).toBe(429);
      expect(limited.headers.get('access-control-allow-origin')).toBe(APP);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it('lets a listed origin read why a request was refused before it reached a route', async () => {
    const connection = await RawConnection.open(api.url);
    const hosts = 'Host: a\r\nHost: b\r\n';
    const answer = await connection.send(`GET /api/v1/events HTTP/1.1\r\n${hosts}Origin: ${APP}\r\n\r\n`);
    connection.close();
    expect(answer).toMatchObject({ status: 400, headers: { 'access-control-allow-origin': APP } });
  });

  it('lets any origin call the routes of Segment, whatever is listed', async () => {
    for (const path of ['/v1/track', '/v1/t', '/t', '/v1/projects/key/settings']) {
      const { status, headers } = await preflight(path, FOREIGN);
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(namesIn(headers.get('access-control-allow-headers'))).toEqual(
        expect.arrayContaining([...ASKED_HEADERS, '*'].map((name) => name.toLowerCase())),
      );
    }
    const sent = await ask('/v1/track', FOREIGN, json({ event: 'a', userId: 'u' }));
    expect(sent.status).toBe(200);
    expect(sent.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('lets every origin call with *, Socket.IO included, and none without CORS_ORIGINS', async () => {
    const open = await TestApi.start(database.url, { CORS_ORIGINS: '*' });
    const closed = await TestApi.start(database.url);
    try {
      const reach = async (url: string) => {
        const extraHeaders = { Origin: FOREIGN };
        const socket = io(`${url}/metrics`, {
          auth: { token: key },
          extraHeaders,
          forceNew: true,
          reconnection: false,
        });
        const reached = await new Promise<string>((resolve) => {
          socket.once('connect', () => resolve('connected'));
          socket.once('connect_error', () => resolve('refused'));
        });
        socket.close();
        return reached;
      };
      for (const path of PATHS) {
        const { status, headers } = await preflight(path, FOREIGN, open.url);
        expect(status).toBe(204);
        expect(headers.get('access-control-allow-origin')).toBe('*');
        expect(headers.get('access-control-allow-credentials')).toBeNull();
        const none = await ask(path, FOREIGN, {}, closed.url);
        expect(corsHeaders(none.headers)).toEqual([]);
      }
      expect(await reach(open.url)).toBe('connected');
      expect(await reach(closed.url)).toBe('refused');
    } finally {
      await open.stop();
      await closed.stop();
    }
  });
});

interface Seen {
  status: number;
  remaining: string | null;
  requestId: string | null;
  body: Record<string, unknown>;
}

describeDatabase('in Chromium, a page', { needs: 'chromium' }, (database) => {
  let api: TestApi;
  let app: TestSite;
  let foreign: TestSite;
  let key: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const client = readFileSync('node_modules/socket.io-client/dist/socket.io.min.js', 'utf8');
    const files = { '/': '<script src="/socket.io.js"></script>', '/socket.io.js': client };
    [app, foreign] = [await TestSite.start(files), await TestSite.start(files)];
    api = await TestApi.start(database.url, { CORS_ORIGINS: app.origin });
    key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await api.stop();
    await app.stop();
    await foreign.stop();
  });

  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
  });

  afterEach(() => page.context().close());

  /** What the page reads of the answer, or the error that it gets instead. */
  const call = (path: string, body: unknown, apiKey = key): Promise<Seen | string> =>
    page.evaluate(
      async ([url, value, credential]) => {
        const headers = { 'X-API-Key': credential, 'Content-Type': 'application/json', 'X-Request-Id': 'from-a-page' };
        const init = value === null ? { headers } : { method: 'POST', headers, body: JSON.stringify(value) };
        try {
          const response = await fetch(url, init);
          const { status } = response;
          const remaining = response.headers.get('RateLimit-Remaining');
          const requestId = response.headers.get('X-Request-Id');
          return { status, remaining, requestId, body: (await response.json()) as Record<string, unknown> };
        } catch (error) {
          return String(error);
        }
      },
      [`${api.url}/api/v1${path}`, body, apiKey] as const,
    );

  const connect = (transport: string): Promise<string> =>
    page.evaluate(
      ([url, token, name]) =>
        new Promise<string>((resolve) => {
          const { io: open } = globalThis as unknown as { io: typeof io };
          const socket = open(`${url}/metrics`, {
            auth: { token },
            transports: [name],
            reconnection: false,
          });
          socket.once('connect', () => resolve('connected'));
          socket.once('connect_error', () => resolve('refused'));
        }),
      [api.url, key, transport] as const,
    );

  const calls: [path: string, body: unknown, status: number][] = [
    ['/events/ingest', { event_type: 'page' }, 202],
    ['/events/batch', { events: [{ event_type: 'page' }, { event_type: 'page' }] }, 202],
    ['/analytics/events-by-type', null, 200],
    ['/events/ingest', { event_type: '' }, 400],
  ];

  it('of a listed origin sends, asks and reads the answers with their headers', async () => {
    await page.goto(`${app.origin}/`);
    for (const [path, body, status] of calls) {
      expect(await call(path, body)).toMatchObject({
        status,
        remaining: expect.stringMatching(/^\d+$/) as string,
        requestId: 'from-a-page',
      });
    }
    expect(await call('/events/ingest', { event_type: 'page' }, 'wrong')).toMatchObject({
      status: 401,
      body: { detail: 'Invalid API Key' },
    });
    expect(await connect('polling')).toBe('connected');
    expect(await connect('websocket')).toBe('connected');
  });

  it('of another origin gets nothing, and stores nothing', async () => {
    await page.goto(`${foreign.origin}/`);
    const count = () => database.query<{ n: number }>('select count(*)::int n from events');
    const [before] = await count();
    for (const [path, body] of calls) expect(await call(path, body)).toMatch(/Failed to fetch/);
    expect(await connect('polling')).toBe('refused');
    expect(await connect('websocket')).toBe('refused');
    expect((await count())[0]).toEqual(before);
  });
});
