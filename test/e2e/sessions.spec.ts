import { io, type Socket } from 'socket.io-client';
import { type Answer, PLATFORM_KEY, TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { type ConnectError } from '../support/live.js';

interface Browser {
  cookie: string;
  csrf: string;
}

const env = { TRUST_PROXY: '1', RATE_LIMIT_REQUESTS: '10000' };

describeApi('sessions of the dashboard', { env, apis: 2 }, (api, { database, apis }) => {
  const other = apis[1]!;
  let tenantId: string;

  beforeAll(async () => {
    tenantId = await api.createTenant('Acme');
  });

  const send = (key: unknown, headers: Record<string, string> = {}, to = api) =>
    to.call('POST', '/auth/session', { key: null, body: { key }, headers });
  const cookieOf = ({ headers }: Answer) => headers.getSetCookie()[0]!.split(';')[0]!;
  const call = <Body = Record<string, unknown>>(
    by: { cookie: string; csrf?: string },
    method: string,
    path: string,
    body?: unknown,
    to = api,
  ) =>
    to.call<Body>(method, path, {
      key: null,
      headers: { Cookie: by.cookie, ...(by.csrf === undefined ? {} : { 'X-CSRF-Token': by.csrf }) },
      ...(body === undefined ? {} : { body }),
    });

  async function signIn(key: string): Promise<Browser> {
    const answer = await send(key);
    expect(answer.status).toBe(204);
    const cookie = cookieOf(answer);
    const info = await call<{ session: { csrf_token: string } }>({ cookie }, 'GET', '/auth/info');
    return { cookie, csrf: info.body.session.csrf_token };
  }

  const makeKey = async (scopes: string[]) => {
    const headers = { 'X-Tenant-Id': tenantId };
    const body = { client_id: 'shop', name: 'Shop', scopes };
    return (await api.call<{ id: string; key: string }>('POST', '/keys', { body, headers })).body;
  };

  it('begin with a key and a cookie that scripts and other sites cannot use', async () => {
    const { id, key } = await makeKey(['read']);
    const answer = await send(key);
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^tidemark_session=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/),
    ]);
    const { body } = await call({ cookie: cookieOf(answer) }, 'GET', '/auth/info');
    expect(body).toMatchObject({ key_id: id, scopes: ['read'], tenant: { id: tenantId } });
    const behindTls = await send(key, { 'X-Forwarded-Proto': 'https' });
    expect(behindTls.headers.getSetCookie()[0]).toMatch(/^__Host-tidemark_session=.*; SameSite=Strict; Secure$/);
    expect((await call({ cookie: cookieOf(behindTls) }, 'GET', '/auth/info')).status).toBe(200);
    expect(JSON.stringify(await database.query('select * from sessions'))).not.toContain(cookieOf(answer).slice(17));
  });

  it('work for the configured key, and on every API process', async () => {
    const browser = await signIn(PLATFORM_KEY);
    expect((await call(browser, 'GET', '/tenants', undefined, other)).status).toBe(200);
  });

  it('are refused for what is no key, and each try counts as a failed one', async () => {
    const token = (await api.post<{ access_token: string }>('/auth/token', {}, (await makeKey(['read'])).key)).body;
    for (const key of ['x', `tmk_${'a'.repeat(16)}_${'b'.repeat(43)}`, token.access_token]) {
      expect((await send(key, { 'X-Forwarded-For': '10.9.0.1' })).status).toBe(401);
    }
    for (const key of [7, null, '', 'x'.repeat(4_097)]) expect((await send(key)).status).toBe(400);
    const tries = Array.from({ length: 40 }, () => send('x', { 'X-Forwarded-For': '10.9.0.2' }));
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect([statuses.filter((status) => status === 401), statuses.filter((status) => status === 429)]).toMatchObject([
      { length: 30 },
      { length: 10 },
    ]);
    expect((await send((await makeKey(['read'])).key, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  });

  it('demand the CSRF header for writes, on all routes, and nothing else than its own value', async () => {
    const browser = await signIn((await makeKey(['admin'])).key);
    const stranger = await signIn((await makeKey(['admin'])).key);
    const writes = [
      ['POST', '/events/ingest', { event_type: 'a' }],
      ['POST', '/events/batch', { events: [{ event_type: 'a' }] }],
      ['POST', '/keys', { client_id: 'x', name: 'x' }],
      ['DELETE', '/auth/session', undefined],
    ] as const;
    for (const [method, path, body] of writes) {
      for (const csrf of [undefined, 'x', stranger.csrf]) {
        const by = { cookie: browser.cookie, ...(csrf === undefined ? {} : { csrf }) };
        expect([path, (await call(by, method, path, body)).status]).toEqual([path, 403]);
      }
    }
    expect((await call(browser, 'POST', '/events/ingest', { event_type: 'a' })).status).toBe(202);
    expect((await call(browser, 'POST', '/keys', { client_id: 'x', name: 'x' })).status).toBe(201);
  });

  it('do what their key may, and are never exchanged for a token', async () => {
    const browser = await signIn((await makeKey(['read'])).key);
    expect((await call(browser, 'GET', '/keys')).status).toBe(403);
    expect((await call(browser, 'POST', '/events/ingest', { event_type: 'a' })).status).toBe(403);
    expect((await call(browser, 'POST', '/auth/token', {})).status).toBe(403);
  });

  it('die with their key', async () => {
    const [gone, disabled, narrowed] = [await makeKey(['read']), await makeKey(['read']), await makeKey(['read'])];
    const browsers = await Promise.all([gone, disabled, narrowed].map(({ key }) => signIn(key)));
    const headers = { 'X-Tenant-Id': tenantId };
    await api.call('DELETE', `/keys/${gone.id}`, { headers });
    await api.call('PATCH', `/keys/${disabled.id}`, { headers, body: { is_active: false } });
    await api.call('PATCH', `/keys/${narrowed.id}`, { headers, body: { scopes: ['write'] } });
    await eventually(async () => {
      const answers = await Promise.all(browsers.map((browser) => call(browser, 'GET', '/events')));
      expect(answers.map(({ status }) => status)).toEqual([401, 403, 403]);
    }, 2_500);
  });

  it('of the configured key end when another is configured', async () => {
    const browser = await signIn(PLATFORM_KEY);
    const changed = new TestApi();
    await changed.launch(database.url, { PLATFORM_API_KEY: `${PLATFORM_KEY}-2` });
    try {
      expect((await call(browser, 'GET', '/auth/info', undefined, changed)).status).toBe(401);
    } finally {
      await changed.stop();
    }
    expect((await call(browser, 'GET', '/auth/info')).status).toBe(200);
  });

  it('end with signing out, on every process within two seconds', async () => {
    const { key } = await makeKey(['read']);
    const [browser, stays] = [await signIn(key), await signIn(key)];
    expect((await call(browser, 'GET', '/events', undefined, other)).status).toBe(200);
    const out = await call(browser, 'DELETE', '/auth/session');
    expect([out.status, out.headers.getSetCookie()]).toEqual([
      204,
      ['tidemark_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict'],
    ]);
    const ended = await call(browser, 'GET', '/events');
    expect([ended.status, ended.body['detail']]).toEqual([
      401,
      'This session has ended. Sign in again with an API key.',
    ]);
    await eventually(
      async () => expect((await call(browser, 'GET', '/events', undefined, other)).status).toBe(401),
      2_000,
    );
    expect((await call(stays, 'GET', '/events')).status).toBe(200);
  });

  it('end when unused for too long, and at the latest after their life, whatever the cookie says', async () => {
    const { key } = await makeKey(['read']);
    const [idle, old] = [await signIn(key), await signIn(key)];
    const age = (cookie: string, change: string) =>
      database.query(`update sessions set ${change} where token_hash = sha256($1)`, [cookie.slice(17)]);
    await age(idle.cookie, `last_used_at = now() - interval '8 hours 1 second'`);
    await age(old.cookie, 'expires_at = now()');
    await eventually(async () => {
      expect((await call(idle, 'GET', '/auth/info')).status).toBe(401);
      expect((await call(old, 'GET', '/auth/info')).status).toBe(401);
    }, 3_000);
  });

  it('note their use, so that who works stays signed in', async () => {
    const browser = await signIn((await makeKey(['read'])).key);
    const hash = [browser.cookie.slice(17)];
    await database.query(
      `update sessions set last_used_at = now() - interval '2 hours' where token_hash = sha256($1)`,
      hash,
    );
    await eventually(async () => {
      await call(browser, 'GET', '/auth/info');
      const [row] = await database.query<{ fresh: boolean }>(
        `select last_used_at > now() - interval '1 minute' fresh from sessions where token_hash = sha256($1)`,
        hash,
      );
      expect(row?.fresh).toBe(true);
    }, 5_000);
  });

  it('are a hundred for a key at most, the oldest goes', async () => {
    const { key } = await makeKey(['read']);
    const first = await signIn(key);
    for (let n = 0; n < 100; n++) await send(key);
    await eventually(async () => expect((await call(first, 'GET', '/auth/info')).status).toBe(401), 2_000);
  });

  it('leave a trace in the audit log when they begin and end', async () => {
    const browser = await signIn((await makeKey(['admin'])).key);
    await call(browser, 'DELETE', '/auth/session');
    const headers = { 'X-Tenant-Id': tenantId };
    const { body } = await api.call<{ data: { message: string }[] }>(
      'GET',
      '/logs?resource_type=dashboard_session&limit=2',
      {
        headers,
      },
    );
    expect(body.data.map(({ message }) => message)).toEqual(['Signed out', 'Signed in']);
  });

  it('are of no use to a page of another origin, nor beside a wrong key', async () => {
    const browser = await signIn((await makeKey(['read'])).key);
    const from = (headers: Record<string, string>) =>
      api.call('GET', '/auth/info', { key: null, headers: { Cookie: browser.cookie, ...headers } });
    expect((await from({ Origin: 'http://127.0.0.1:1' })).status).toBe(401);
    expect((await from({ Origin: api.url })).status).toBe(200);
    expect((await from({ 'X-API-Key': 'x' })).status).toBe(401);
  });

  describe('at sockets', () => {
    const connect = async (headers: Record<string, string>): Promise<Socket> => {
      const socket = io(`${api.url}/metrics`, {
        ...{ transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders: headers },
      });
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
      });
      return socket;
    };

    it('let the page in, and are cut when the session ends', async () => {
      const browser = await signIn((await makeKey(['read'])).key);
      const socket = await connect({ Cookie: browser.cookie, Origin: api.url });
      const reasons: string[] = [];
      socket.on('disconnect', (reason) => reasons.push(reason));
      await call(browser, 'DELETE', '/auth/session');
      await eventually(() => expect(reasons).toEqual(['io server disconnect']), 5_000);
    });

    it('are cut when their key is disabled', async () => {
      const { id, key } = await makeKey(['read']);
      const socket = await connect({ Cookie: (await signIn(key)).cookie, Origin: api.url });
      const reasons: string[] = [];
      socket.on('disconnect', (reason) => reasons.push(reason));
      await api.call('PATCH', `/keys/${id}`, { headers: { 'X-Tenant-Id': tenantId }, body: { is_active: false } });
      await eventually(() => expect(reasons).toEqual(['io server disconnect']), 5_000);
    });

    it('keep other origins out, and cookies that have ended', async () => {
      const { cookie, csrf } = await signIn((await makeKey(['read'])).key);
      await call({ cookie, csrf }, 'DELETE', '/auth/session');
      for (const headers of [{ Cookie: cookie }, { Cookie: `tidemark_session=${'a'.repeat(43)}` }]) {
        const refused = await connect(headers).catch((error: unknown) => error as ConnectError);
        expect((refused as ConnectError).data?.status).toBe(401);
      }
    });
  });
});
