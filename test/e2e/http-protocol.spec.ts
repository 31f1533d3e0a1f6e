import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PLATFORM_KEY } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { LiveClient } from '../support/live.js';
import { RawConnection, type RawResponse } from '../support/raw-connection.js';

const KEY = `X-API-Key: ${PLATFORM_KEY}\r\n`;
const HOST = 'Host: 127.0.0.1\r\n';
/** What the HttpClient of JDK 17 sends unless it is told HTTP_1_1, header by header. */
const SETTINGS = 'HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n';
const AGENT = 'User-Agent: Java-http-client/17.0.15\r\n';
const JDK = {
  get: (path: string) =>
    `GET ${path} HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 0\r\n${HOST}${SETTINGS}Upgrade: h2c\r\n${AGENT}${KEY}\r\n`,
  post: (path: string, body: string) => [
    `POST ${path} HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: ${body.length}\r\n${HOST}${SETTINGS}Upgrade: h2c\r\n${AGENT}Content-Type: application/json\r\n${KEY}\r\n`,
    body,
  ],
  chunked: (path: string, body: string) => [
    `POST ${path} HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n${HOST}${SETTINGS}Transfer-encoding: chunked\r\nUpgrade: h2c\r\n${AGENT}Content-Type: application/json\r\n${KEY}\r\n`,
    `${body.length.toString(16)}\r\n${body}\r\n`,
    '0\r\n\r\n',
  ],
};
const EVENT = '{"event_type":"jdk"}';
const BODIES: [path: string, body: string, status: number][] = [
  ['/api/v1/events/ingest', EVENT, 202],
  ['/api/v1/events', EVENT, 202],
  ['/api/v1/events/batch', `{"events":[${EVENT}]}`, 202],
  ['/v1/track', '{"event":"jdk","userId":"u"}', 200],
  ['/api/v1/logs', '{"action_type":"VIEW","resource_type":"r","resource_id":"1"}', 201],
  ['/api/v1/analytics/funnel', '{"steps":[{"event_type":"jdk"}]}', 200],
];

describeApi('the HTTP server', { env: { RATE_LIMIT_REQUESTS: '100000' } }, (api, { database }) => {
  let connection: RawConnection;

  beforeEach(async () => {
    connection = await RawConnection.open(api.url);
  });

  afterEach(() => connection.close());

  const withHost = (hosts: string, path = '/api/v1/health') => `GET ${path} HTTP/1.1\r\n${hosts}\r\n`;

  async function expectRefused(answer: RawResponse, status: number, detail: RegExp): Promise<void> {
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json; charset=utf-8' } });
    expect(JSON.parse(answer.body)).toMatchObject({
      status,
      detail: expect.stringMatching(detail) as string,
      request_id: expect.any(String) as string,
    });
    await connection.closed();
  }

  describe('asked for an upgrade that it has no use for', () => {
    it.each(BODIES)('answers POST %s of the JDK, its body whole or in chunks', async (path, body, status) => {
      for (const pieces of [JDK.post(path, body), JDK.chunked(path, body)]) {
        connection.write(...pieces);
        const [answer] = await connection.read(1);
        expect(answer).toMatchObject({ status, headers: { connection: 'keep-alive' } });
      }
    });

    it.each([
      ['/api/v1/events?limit=1', 200],
      ['/api/v1/health', 200],
      ['/docs-json', 200],
      ['/nowhere', 404],
      ['/v1/projects/key/settings', 200],
      ['/socket.io/?EIO=4&transport=polling', 200],
    ])('answers GET %s of the JDK', async (path, status) => {
      expect((await connection.send(JDK.get(path))).status).toBe(status);
    });

    it('keeps the connection, and no listeners, for as many such requests as come', async () => {
      const warnings: Error[] = [];
      const warn = (warning: Error) => warnings.push(warning);
      process.on('warning', warn);
      for (let n = 0; n < 40; n++) {
        connection.write(...JDK.post('/api/v1/events/ingest', EVENT));
        expect((await connection.read(1))[0]?.status).toBe(202);
        expect((await connection.send(withHost(HOST))).status).toBe(200);
      }
      process.off('warning', warn);
      expect(warnings).toEqual([]);
    });

    it('answers in order what is sent before and after it without waiting', async () => {
      const get = (id: string) => withHost(`${HOST}X-Request-Id: ${id}\r\n`);
      const jdk = (id: string) => JDK.get('/api/v1/events?limit=1').replace(AGENT, `X-Request-Id: ${id}\r\n`);
      const post = JDK.post('/api/v1/events/ingest', EVENT).join('').replace(AGENT, 'X-Request-Id: 5\r\n');
      // From Node 25 on, node:http itself forgets what is sent behind such a body without waiting.
      const behind = Number(process.versions.node.split('.')[0]) > 24 ? [] : [get('6'), jdk('7'), get('8')];
      const sent = [get('1'), get('2'), jdk('3'), jdk('4'), post, ...behind];
      connection.write(sent.join(''));
      const answers = await connection.read(sent.length);
      expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(sent.map((_, n) => `${n + 1}`));
      expect(answers.map(({ status }) => status)).toEqual(sent.map((_, n) => (n === 4 ? 202 : 200)));
    });

    it('takes a body that comes byte by byte', async () => {
      connection.write(...JDK.post('/api/v1/events/ingest', EVENT).join(''));
      expect((await connection.read(1))[0]?.status).toBe(202);
    });

    it('ignores a WebSocket asked for in HTTP/1.0, and one of several protocols', async () => {
      const ask = (version: string, protocols: string) =>
        `GET /api/v1/health HTTP/${version}\r\n${HOST}Connection: keep-alive, Upgrade\r\nUpgrade: ${protocols}\r\n\r\n`;
      expect((await connection.send(ask('1.0', 'websocket'))).status).toBe(200);
      const other = await RawConnection.open(api.url);
      expect((await other.send(ask('1.1', 'h2c, websocket'))).status).toBe(200);
      other.close();
    });

    it('holds it to the limits of every request', async () => {
      const many = Array.from({ length: 1_200 }, (_, n) => `a${n}:\r\n`).join('');
      const head = `GET /api/v1/health HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n${many}\r\n`;
      await expectRefused(await connection.send(head), 431, /headers/);
    });

    it('survives clients that leave in the middle of it', async () => {
      for (let n = 0; n < 20; n++) {
        const leaving = await RawConnection.open(api.url);
        leaving.write(JDK.get('/api/v1/events'), JDK.get('/api/v1/events'), JDK.get('/api/v1/analytics').slice(0, n));
        leaving.close();
      }
      expect((await connection.send(JDK.get('/api/v1/health'))).status).toBe(200);
    });

    it('answers curl --http2', async () => {
      const run = promisify(execFile);
      const { stdout } = await run('curl', ['--version']).catch(() => ({ stdout: '' }));
      if (!stdout.includes('HTTP2')) return process.stderr.write('There is no curl with HTTP/2; not asked with it.\n');
      const flags = ['-sS', '--max-time', '5', '--http2', '-w', ' %{http_code}', '-d', EVENT];
      const headers = ['-H', 'Content-Type: application/json', '-H', KEY.trim()];
      const answer = await run('curl', [...flags, ...headers, `${api.url}/api/v1/events/ingest`]);
      expect(answer.stdout).toMatch(/"status":"queued".* 202$/);
      return undefined;
    });
  });

  describe('asked for a WebSocket', () => {
    const ask = (path: string, hosts = HOST) =>
      `GET ${path} HTTP/1.1\r\n${hosts}Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;

    it.each(['/', '/metrics', '/api/v1/events', '/socket.io', '/ws?transport=websocket'])(
      'says at %s where Socket.IO is, and closes',
      async (path) => {
        await expectRefused(await connection.send(ask(path)), 404, /Socket\.IO.*\/socket\.io\//);
      },
    );

    it('refuses two hosts at the path of Socket.IO too, and answers what Socket.IO cannot read', async () => {
      await expectRefused(
        await connection.send(ask('/socket.io/?EIO=4&transport=websocket', HOST + HOST)),
        400,
        /Host/,
      );
      const other = await RawConnection.open(api.url);
      expect((await other.send(ask('/socket.io/'))).status).toBe(400);
      await other.closed();
    });

    it('speaks Socket.IO at its path', async () => {
      const client = await LiveClient.connect(api.url, { token: PLATFORM_KEY });
      expect(await client.subscribe({})).toEqual({ ok: true });
      client.close();
    });

    it('notes a refusal below /api in the call log', async () => {
      await connection.send(ask('/api/v1/live'));
      await eventually(async () => {
        const rows = await database.query(
          `select status_code, error from api_audit_logs where path = '/api/v1/live' and error like '%Socket.IO%'`,
        );
        expect(rows).toMatchObject([{ status_code: 404 }]);
      });
    });
  });

  describe('given a Host', () => {
    it.each([
      ['two', `${HOST}Host: evil.example\r\n`, /more than one/],
      ['the same twice', `${HOST}${HOST}`, /more than one/],
      ['two in different case', `${HOST}hOST: evil.example\r\n`, /more than one/],
      ['none', '', /no Host/],
      ['a list', 'Host: a.example, b.example\r\n', /not a host name/],
      ['a path', 'Host: a.example/x\r\n', /not a host name/],
      ['a user', 'Host: user@a.example\r\n', /not a host name/],
      ['a port that is none', 'Host: a.example:80a\r\n', /not a host name/],
    ])('refuses %s on every route', async (_name, hosts, detail) => {
      for (const path of ['/api/v1/health', '/docs-json', '/socket.io/?EIO=4&transport=polling', '/nowhere']) {
        await expectRefused(await connection.send(withHost(hosts, path)), 400, detail);
        connection = await RawConnection.open(api.url);
      }
      const post = `POST /api/v1/events/ingest HTTP/1.1\r\n${hosts}${KEY}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}`;
      await expectRefused(await connection.send(post), 400, detail);
    });

    it.each(['localhost', '127.0.0.1:3000', '[::1]:3000', 'my_host.example', 'xn--bcher-kva.example', ''])(
      'takes %s',
      async (host) => {
        expect((await connection.send(withHost(`Host: ${host}\r\n`))).status).toBe(200);
      },
    );

    it('needs none in HTTP/1.0', async () => {
      expect((await connection.send('GET /api/v1/health HTTP/1.0\r\n\r\n')).status).toBe(200);
    });
  });

  it.each(['/api/v1/health', '/api/v1/events/ingest'])(
    'says at %s how long it keeps an idle connection',
    async (path) => {
      expect((await connection.send(withHost(`${HOST}${KEY}`, path))).headers['keep-alive']).toBe('timeout=65');
    },
  );

  it('takes the target with its scheme and host, as proxies are sent it, and leaves a trail of it', async () => {
    const target = (path: string) => `http://tidemark.example${path}`;
    connection.write(
      `POST ${target('/api/v1/events/ingest')} HTTP/1.1\r\n${HOST}${KEY}Content-Length: ${EVENT.length}\r\n\r\n${EVENT}`,
    );
    expect((await connection.read(1))[0]?.status).toBe(202);
    const id = 'absolute-form';
    const get = withHost(`${HOST}${KEY}X-Request-Id: ${id}\r\n`, target('/api/v1/events?limit=1'));
    expect(await connection.send(get)).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    await eventually(async () => {
      expect(await database.query('select path from api_audit_logs where request_id = $1', [id])).toEqual([
        { path: '/api/v1/events' },
      ]);
    });
  });

  it.each([
    ['GET', '/health', {}, 200],
    ['GET', '/events', {}, 200],
    ['GET', '/logs/export?format=csv', {}, 200],
    ['POST', '/events/ingest', { body: { event_type: 'a' } }, 202],
    ['POST', '/events/ingest', { key: 'wrong' }, 401],
    ['POST', '/events/batch', { body: '{' }, 400],
    ['GET', '/auth/info', { key: null }, 401],
    ['GET', '/nowhere', {}, 404],
    ['GET', '/events/%E0%A4%A', {}, 400],
  ])('forbids to keep the answer of %s %s %j', async (method, path, options, status) => {
    const response = await fetch(`${api.url}/api/v1${path}`, {
      method,
      headers: {
        ...('key' in options
          ? options.key === null
            ? {}
            : { 'X-API-Key': options.key }
          : { 'X-API-Key': PLATFORM_KEY }),
        'Content-Type': 'application/json',
      },
      ...('body' in options
        ? { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }
        : {}),
    });
    await response.arrayBuffer();
    expect(response.status).toBe(status);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

describeApi('the HTTP server with KEEP_ALIVE_SECONDS', { env: { KEEP_ALIVE_SECONDS: '1' } }, (api) => {
  it('takes one request after the other on a connection, and closes one that stays idle', async () => {
    const connection = await RawConnection.open(api.url);
    for (const request of [
      `GET /api/v1/health HTTP/1.1\r\n${HOST}\r\n`,
      ...[1, 2].map(() => JDK.post('/api/v1/events/ingest', EVENT).join('')),
    ]) {
      expect(await connection.send(request)).toMatchObject({
        headers: { connection: 'keep-alive', 'keep-alive': 'timeout=1' },
      });
    }
    await connection.closed();
  });
});
