import { type EventEmitter, once } from 'node:events';
import { io } from 'socket.io-client';
import type { EventsByTypeResponse } from '../../src/analytics/counts/analytics.dto.js';
import { Database } from '../../src/platform/database/database.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { type ConnectError, LiveClient } from '../support/live.js';

/** Two API processes and a worker on one PostgreSQL; nothing else connects them. */
describeApi('live metrics', { workers: 1 }, (api, { database, worker }) => {
  let second: TestApiProcess;
  let tenant: string;
  let key: string;
  const clients: LiveClient[] = [];

  beforeAll(async () => {
    second = await TestApiProcess.start(database.url);
    tenant = await api.createTenant('Live');
    key = await api.createKey(tenant, ['read', 'write'], 'shop');
  });

  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  afterAll(() => second.stop());

  async function connect(token: unknown = key, url = api.url, options = {}): Promise<LiveClient> {
    const client = await LiveClient.connect(url, token === null ? {} : { token }, options);
    clients.push(client);
    return client;
  }

  /** @returns what the connection was refused with */
  async function refusal(token: unknown, options = {}, url = api.url): Promise<ConnectError> {
    return connect(token, url, options).then(
      () => {
        throw new Error('the connection was accepted');
      },
      (error: unknown) => error as ConnectError,
    );
  }

  async function ingest(events: object[], withKey = key): Promise<void> {
    const { status, body } = await api.post('/events/batch', { events }, withKey);
    if (status !== 202) throw new Error(`POST /events/batch answered ${status}: ${JSON.stringify(body)}`);
  }

  const secondUrl = () => `http://127.0.0.1:${second.port}`;
  const twice = <T>(value: T): T[] => [value, value];

  it('sends a message at once and then every second, until told to stop', async () => {
    const client = await connect();
    const subscribedAt = Date.now();
    expect(await client.subscribe({})).toEqual({ ok: true });
    await eventually(() => expect(client.messages[0]?.window_s).toBe(0)); // nobody watched before: nothing waited for
    await eventually(() => expect(client.messages.length).toBeGreaterThanOrEqual(4));
    const times = client.messages.slice(1).map(({ ts }) => Date.parse(ts));
    expect(Date.parse(client.messages[0]!.ts)).toBeGreaterThanOrEqual(subscribedAt - 1_000);
    expect(times[2]! - times[0]!).toBeGreaterThan(1_000);
    expect(await client.emit('unsubscribe')).toEqual({ ok: true });
    const { length } = client.messages;
    const other = await connect();
    await other.subscribe();
    await eventually(() => expect(other.messages.length).toBeGreaterThanOrEqual(3));
    expect(client.messages).toHaveLength(length);
  });

  it('says the same as REST, at every process, whoever took the events in', async () => {
    const minuteAgo = new Date(Date.now() - 60_000).toISOString();
    await ingest([...twice({ event_type: 'login' }), { event_type: 'purchase', event_time: minuteAgo }]);
    const other = await api.createKey(tenant, ['write'], 'web');
    await ingest([{ event_type: 'login' }, { event_type: 'old', event_time: '2020-01-01T00:00:00Z' }], other);
    const [here, there] = [await connect(), await connect(key, secondUrl())];
    for (const client of [here, there]) await client.subscribe();
    for (const client of [here, there]) {
      const message = await eventually(() => {
        const last = client.messages.at(-1)!;
        expect(last.by_type).toEqual({ login: 3, purchase: 1 });
        return last;
      });
      const rest = await api.get<EventsByTypeResponse>(
        `/analytics/events-by-type?from=${message.from}&to=${message.to}`,
        key,
      );
      expect(message.total_events).toBe(rest.body.total);
      expect(message.by_type).toEqual(Object.fromEntries(rest.body.data.map((row) => [row.event_type, row.count])));
      expect(message).toMatchObject({ tenant_id: tenant, client_id: null, pending_events: 0, failed_per_s: 0 });
      expect(message.latency_ms.p99).toBeGreaterThan(0);
    }
  });

  it('narrows to one client of the tenant', async () => {
    await api.createKey(tenant, ['write'], 'quiet');
    const client = await connect();
    expect(await client.subscribe({ client_id: 'quiet' })).toEqual({ ok: true });
    const message = await eventually(() => client.messages[0]!.by_type && client.messages[0]!);
    expect(message).toMatchObject({ client_id: 'quiet', total_events: 0, by_type: {}, latency_ms: { p50: null } });
    expect(await client.subscribe({ client_id: 'web', tenant_id: tenant })).toEqual({ ok: true });
    await eventually(() => expect(client.messages.at(-1)).toMatchObject({ client_id: 'web', total_events: 1 }));
  });

  it('answers messages in the order in which they were sent, however long each takes', async () => {
    await api.createKey(tenant, ['write'], 'slow-to-find');
    const client = await connect();
    const answered: number[] = [];
    const sent = Array.from({ length: 12 }, (_, n) => {
      const isLookedUp = n % 3 === 0; // in the database; the others are answered at once
      const answer = isLookedUp
        ? client.subscribe({ client_id: n === 0 ? 'slow-to-find' : `nobody-${n}` })
        : client.emit(n % 3 === 1 ? 'unsubscribe' : 'nothing');
      return answer.then(() => answered.push(n));
    });
    await Promise.all(sent);
    expect(answered).toEqual([...answered].sort((a, b) => a - b));
    const other = await connect();
    await other.subscribe();
    const { length } = client.messages;
    await eventually(() => expect(other.messages.length).toBeGreaterThanOrEqual(3));
    expect(client.messages).toHaveLength(length); // the first unsubscribe came after the first subscribe
  });

  it('shows rates and what waits while events come in', async () => {
    const client = await connect();
    await client.subscribe();
    await eventually(() => expect(client.messages.at(-1)?.window_s).toBeGreaterThan(0));
    await ingest(Array.from({ length: 100 }, () => ({ event_type: 'tick' })));
    const peak = (name: 'accepted_per_s' | 'processed_per_s') =>
      Math.max(...client.messages.map((message) => message[name]));
    await eventually(() => {
      expect(peak('accepted_per_s')).toBeGreaterThanOrEqual(15);
      expect(peak('processed_per_s')).toBeGreaterThanOrEqual(15);
    });
  });

  it('counts what waits per client while no worker runs', async () => {
    await worker.stop();
    try {
      const elsewhere = await api.createTenant('Waiting');
      const keys = [
        await api.createKey(elsewhere, ['read', 'write'], 'a'),
        await api.createKey(elsewhere, ['write'], 'b'),
      ];
      await ingest(
        Array.from({ length: 7 }, () => ({ event_type: 'x' })),
        keys[0],
      );
      await ingest(
        Array.from({ length: 5 }, () => ({ event_type: 'x' })),
        keys[1],
      );
      const [all, one] = [await connect(keys[0]), await connect(keys[0])];
      await all.subscribe();
      await one.subscribe({ client_id: 'b' });
      await eventually(() => expect(all.messages.at(-1)).toMatchObject({ pending_events: 12, total_events: 0 }));
      await eventually(() => expect(one.messages.at(-1)).toMatchObject({ pending_events: 5, total_events: 0 }));
    } finally {
      await worker.restart();
    }
  });

  it('lets nobody see another tenant, however often and in whatever shape they ask', async () => {
    const canary = `canary-${uuid7()}`;
    const foreign = await api.createTenant('Foreign');
    const foreignKey = await api.createKey(foreign, ['write'], canary);
    await ingest([{ event_type: canary }], foreignKey);
    const client = await connect();
    await client.subscribe();
    const attempts: object[] = Array.from({ length: 100 }, (_, n) => {
      const shapes = [
        { tenant_id: foreign },
        { tenant_id: foreign.toUpperCase() },
        { client_id: canary },
        { tenant_id: foreign, client_id: 'shop' },
        { tenant_id: uuid7() },
        { tenant_id: DEFAULT_TENANT_ID },
        { tenant_id: `${foreign}/` },
        { client_id: `/${foreign}/` },
        { room: `${foreign}/` },
        { tenant_id: tenant, client_id: canary },
      ];
      return shapes[n % shapes.length]!;
    });
    for (const attempt of attempts) {
      const answer = await client.subscribe(attempt);
      expect(answer).toMatchObject({ ok: false });
      const echo = 'client_id' in attempt ? String(attempt.client_id) : 'nothing';
      client.received.push(client.received.pop()!.replaceAll(echo, '')); // its own words back are not a leak
    }
    await eventually(() => expect(client.messages.length).toBeGreaterThanOrEqual(3));
    expect(client.messages.every((message) => message.tenant_id === tenant)).toBe(true);
    expect(client.received.join()).not.toContain(canary);
  });

  it('lets a platform key subscribe to any active tenant', async () => {
    const client = await connect(PLATFORM_KEY);
    expect(await client.subscribe({ tenant_id: tenant })).toEqual({ ok: true });
    await eventually(() => expect(client.messages.at(-1)).toMatchObject({ tenant_id: tenant }));
    expect(await client.subscribe()).toEqual({ ok: true });
    await eventually(() => expect(client.messages.at(-1)).toMatchObject({ tenant_id: DEFAULT_TENANT_ID }));
    expect(await client.subscribe({ tenant_id: uuid7() })).toMatchObject({ ok: false, status: 404 });
  });

  it('refuses connections without a good credential, and says why', async () => {
    const writer = await api.createKey(tenant, ['write'], 'writer');
    expect((await refusal(null)).message).toBe('API Key is missing');
    expect((await refusal('tmk_wrong')).message).toBe('Invalid API Key');
    expect((await refusal('eyJhbGciOiJub25lIn0.e30.')).data).toMatchObject({ status: 401 });
    expect((await refusal({ $ne: null })).data).toMatchObject({ status: 401 });
    expect((await refusal(writer)).data).toMatchObject({ status: 403 });
    const nowhere = io(api.url, { auth: { token: key }, transports: ['websocket'], reconnection: false });
    const [error] = await once(nowhere as unknown as EventEmitter, 'connect_error');
    nowhere.close();
    expect((error as Error).message).toContain('/metrics');
  });

  it('takes keys from the headers of requests too, over both transports', async () => {
    for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
      const client = await connect(null, api.url, { transports, extraHeaders: { 'X-API-Key': key } });
      expect(await client.subscribe()).toEqual({ ok: true });
      await eventually(() => expect(client.messages.length).toBeGreaterThanOrEqual(2));
    }
  });

  it('limits failed attempts from one address as REST does', async () => {
    const statuses = new Set<number | undefined>();
    for (let n = 0; n < 40; n++) statuses.add((await refusal(`tmk_${n}`, {}, secondUrl())).data?.status);
    expect([...statuses]).toEqual([401, 429]);
    expect((await connect(key, secondUrl())).socket.connected).toBe(true);
  });

  it('takes no key from the query string in production', async () => {
    const production = await TestApi.start(database.url, { NODE_ENV: 'production' });
    try {
      const query = { api_key: key };
      expect((await refusal(null, { query }, production.url)).message).toBe('API Key is missing');
      expect((await connect(null, api.url, { query })).socket.connected).toBe(true);
    } finally {
      await production.stop();
    }
  });

  it('answers what is no subscription with an error, and goes on', async () => {
    const client = await connect();
    const wrong = [7, 'x', [], [1], { client_id: 7 }, { client_id: '' }, { client_id: 'x'.repeat(256) }, { a: 1 }];
    for (const message of [
      ...wrong,
      { tenant_id: 'x' },
      { tenant_id: `urn:uuid:${tenant}` },
      { client_id: 'a\0b' },
      { client_id: '\ud800' },
      Buffer.from('x'),
    ]) {
      expect(await client.subscribe(message)).toMatchObject({ ok: false, status: 400 });
    }
    client.socket.emit('subscribe');
    client.socket.emit('subscribe', { a: 1 });
    client.socket.emit('nothing', { a: 1 });
    client.socket.emit('constructor', 1, 2, 3);
    expect(await client.subscribe(null)).toEqual({ ok: true });
    expect(await client.subscribe()).toEqual({ ok: true });
  });

  it.each([
    ['disabled', (id: string) => api.call('PATCH', `/keys/${id}`, withTenant({ is_active: false }))],
    ['deleted', (id: string) => api.call('DELETE', `/keys/${id}`, withTenant())],
    ['narrowed', (id: string) => api.call('PATCH', `/keys/${id}`, withTenant({ scopes: ['write'] }))],
  ])('cuts the sockets of a key that was %s, and those of its tokens', async (_how, revoke) => {
    const doomed = await api.createKey(tenant, ['read'], 'doomed');
    const { body } = await api.call<{ access_token: string }>('POST', '/auth/token', { key: doomed });
    const { body: info } = await api.get<{ key_id: string }>('/auth/info', doomed);
    const held = [await connect(doomed), await connect(doomed, secondUrl()), await connect(body.access_token)];
    for (const client of held) expect(await client.subscribe()).toEqual({ ok: true });
    expect((await revoke(info.key_id)).status).toBeLessThan(300);
    await eventually(() => {
      for (const client of held) expect(client.disconnects).toEqual(['io server disconnect']);
    }, 5_000);
    expect(held[0]!.received.some((text) => text.startsWith('["cut"'))).toBe(true);
  });

  it('cuts the sockets of a tenant that was suspended, and those of others that watch it', async () => {
    const closing = await api.createTenant('Closing');
    const client = await connect(await api.createKey(closing, ['read']));
    const platform = await connect(PLATFORM_KEY, secondUrl());
    await client.subscribe();
    await platform.subscribe({ tenant_id: closing });
    await api.call('PATCH', `/tenants/${closing}`, { body: { status: 'suspended' } });
    await eventually(() => {
      expect(client.disconnects).toHaveLength(1);
      expect(platform.disconnects).toHaveLength(1);
    }, 5_000);
  });

  it('cuts a socket when its token expires', async () => {
    const brief = await TestApi.start(database.url, { JWT_EXPIRES_IN: '2s' });
    try {
      const { body } = await brief.call<{ access_token: string }>('POST', '/auth/token', { key });
      const client = await connect(body.access_token, brief.url);
      await eventually(() => expect(client.disconnects).toHaveLength(1), 7_000);
    } finally {
      await brief.stop();
    }
  });

  it('counts messages as requests of the key', async () => {
    const { body } = await api.call<{ key: string }>('POST', '/keys', {
      ...withTenant({ client_id: 'frugal', name: 'frugal', scopes: ['read'], rate_limit: 4, rate_window_s: 60 }),
    });
    const client = await connect(body.key);
    expect(await client.subscribe()).toEqual({ ok: true });
    expect(await client.emit('unsubscribe')).toEqual({ ok: true });
    expect(await client.emit('nothing')).toMatchObject({ ok: false, status: 400 });
    const refused = { ok: false, status: 429, error: expect.stringContaining('4 requests per 60 s') as string };
    expect(await client.subscribe()).toEqual(refused);
    expect(await client.emit('unsubscribe')).toEqual(refused);
    expect((await api.get('/auth/info', body.key)).status).toBe(429);
    expect(client.disconnects).toEqual([]);
  });

  it('asks the database next to nothing for clients and tenants that do not exist', async () => {
    let queries = 0;
    const count = () => (queries += 1);
    const { query } = api.app.get(Database);
    const own = await Promise.all(Array.from({ length: 15 }, () => connect()));
    const platform = await connect(PLATFORM_KEY);
    query.on('acquire', count);
    try {
      const asked = Array.from({ length: 60 }, (_, n) => own[n % 15]!.subscribe({ client_id: `nobody-${n}` }));
      const tenants = Array.from({ length: 10 }, () => platform.subscribe({ tenant_id: uuid7(), client_id: 'x' }));
      const answers = await Promise.all([...asked, ...tenants]);
      expect(new Set(answers.map((answer) => !answer.ok && answer.status))).toEqual(new Set([404]));
      for (let n = 0; n < 20; n++) expect(await own[0]!.subscribe({ client_id: 'web' })).toEqual({ ok: true });
      expect(queries).toBeGreaterThan(0);
      expect(queries).toBeLessThan(20);
    } finally {
      query.off('acquire', count);
    }
  });

  it('holds only so many sockets per key', async () => {
    const greedy = await api.createKey(tenant, ['read'], 'greedy');
    const held = await Promise.all(Array.from({ length: 20 }, () => connect(greedy)));
    expect((await refusal(greedy)).data).toMatchObject({ status: 429 });
    held[0]!.close();
    await eventually(() => connect(greedy));
  });

  it('refuses pages of other origins', async () => {
    const strict = await TestApi.start(database.url, { CORS_ORIGINS: 'https://dashboard.example.com' });
    try {
      const from = (origin: string, transports: string[]) => ({ transports, extraHeaders: { Origin: origin } });
      for (const transports of [['websocket'], ['polling']]) {
        await refusal(key, from('https://evil.example.com', transports), strict.url);
        await refusal(key, from('null', transports), strict.url);
        await connect(key, strict.url, from('https://dashboard.example.com', transports));
        await connect(key, strict.url, from(strict.url, transports));
      }
    } finally {
      await strict.stop();
    }
  });

  function withTenant(body?: object) {
    return { headers: { 'X-Tenant-Id': tenant }, ...(body === undefined ? {} : { body }) };
  }
});
