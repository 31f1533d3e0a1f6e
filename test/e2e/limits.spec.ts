import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { eventually } from '../support/eventually.js';
import { describeApi, describeDatabase } from '../support/fixture.js';
import { startRedisServer, testRedisUrl } from '../support/redis.js';

for (const [store, redisUrl] of [
  ['memory', undefined],
  ['redis', testRedisUrl],
] as const) {
  const needs = store === 'redis' ? store : undefined;
  const options = { needs, env: { REDIS_URL: redisUrl }, apis: store === 'redis' ? 2 : 1 } as const;

  describeApi(`limits counted in ${store}`, options, (_api, { database, apis }) => {
    let tenantId: string;

    beforeAll(async () => {
      tenantId = await apis[0]!.createTenant('Acme');
    });

    const key = async (limits: Record<string, number>) => {
      const { body } = await apis[0]!.call<{ key: string }>('POST', '/keys', {
        body: { client_id: 'c', name: 'n', ...limits },
        headers: { 'X-Tenant-Id': tenantId },
      });
      return body.key;
    };

    it.each([
      ['the ingest fast path', (api: TestApi, k: string) => api.post('/events', { event_type: 'x' }, k)],
      ['Nest', (api: TestApi, k: string) => api.get('/events', k)],
    ])('lets exactly 10 of 40 parallel requests through %s', async (_name, send) => {
      const limited = await key({ rate_limit: 10, rate_window_s: 30 });
      const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => send(apis[n % apis.length]!, limited)));
      const passed = answers.filter(({ status }) => status < 300);
      const refused = answers.filter(({ status }) => status === 429);
      expect([passed.length, refused.length]).toEqual([10, 30]);
      expect(passed.map(({ headers }) => Number(headers.get('ratelimit-remaining'))).sort((a, b) => b - a)).toEqual([
        9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
      ]);
      for (const { headers, body } of refused) {
        expect(headers.get('ratelimit-limit')).toBe('10');
        expect(headers.get('ratelimit-remaining')).toBe('0');
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
        expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(30);
        expect(body).toMatchObject({ status: 429, detail: expect.stringContaining('10 requests per 30 s') as string });
      }
    });

    it('counts a key once, whichever way, spelling or address it comes by', async () => {
      const limited = await key({ rate_limit: 3, rate_window_s: 60 });
      const { body } = await apis[0]!.post<{ access_token: string }>('/auth/token', {}, limited);
      const ways: Record<string, string>[] = [
        { 'X-API-Key': limited, 'X-Forwarded-For': '1.2.3.4' },
        { Authorization: `Bearer ${body.access_token}`, 'X-Forwarded-For': '4.3.2.1' },
        { 'CSIQ-APIKEY': limited },
      ];
      const statuses: number[] = [];
      for (const [n, headers] of ways.entries()) {
        const path = ['/auth/info', '/AUTH/INFO', '/auth/info/'][n]!;
        statuses.push((await apis[0]!.call('GET', path, { key: null, headers })).status);
      }
      expect(statuses).toEqual([200, 200, 429]);
    });

    it('counts events against the event limit, so that a batch is not one', async () => {
      const limited = await key({ event_limit: 25, rate_window_s: 60 });
      const batch = (size: number) =>
        apis[0]!.post('/events/batch', { events: Array.from({ length: size }, () => ({ event_type: 'x' })) }, limited);
      expect((await batch(20)).status).toBe(202);
      const refused = await batch(6);
      expect([refused.status, refused.body['detail']]).toEqual([429, expect.stringContaining('25 events')]);
      expect((await batch(5)).status).toBe(202);
      expect((await apis[0]!.post('/events', { event_type: 'x' }, limited)).status).toBe(429);
    });

    it('counts all keys of a tenant against its ceiling, by every protocol, and never its platform keys', async () => {
      const capped = await Promise.all(
        apis.map(() => TestApi.start(database.url, { REDIS_URL: redisUrl, TENANT_RATE_LIMIT: '20' })),
      );
      const [first, last] = [capped[0]!, capped.at(-1)!];
      const home = await first.createTenant('Capped');
      const keys = await Promise.all(['a', 'b'].map((client) => first.createKey(home, ['admin'], client)));
      const operator = await first.createKey(home, ['platform']);
      const { body } = await first.post<{ access_token: string }>('/auth/token', {}, keys[0]); // the first of the 20
      const ways: ((n: number) => Promise<{ status: number; body: unknown; headers: Headers }>)[] = [
        (n) => first.post('/events', { event_type: 'x' }, keys[n % 2]),
        (n) => last.get('/events', keys[n % 2]),
        () => last.call('GET', '/auth/info', { key: null, headers: { Authorization: `Bearer ${body.access_token}` } }),
      ];
      const answers = await Promise.all(Array.from({ length: 45 }, (_, n) => ways[n % 3]!(n)));
      expect(answers.filter(({ status }) => status < 300)).toHaveLength(19);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(26);
      for (const { body: problem, headers } of refused) {
        expect(problem).toMatchObject({
          detail: expect.stringMatching(/^All keys of this tenant together may send 20 requests per 60 s\./) as string,
        });
        expect([headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')]).toEqual(['20', '0']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
      for (let n = 0; n < 3; n++) expect((await first.get('/events', operator)).status).toBe(200);
      const another = await first.createTenant('Not capped yet');
      expect((await first.get('/events', await first.createKey(another, ['read']))).status).toBe(200);
      await Promise.all(capped.map((api) => api.stop()));
    });

    it('says in auth/info what is left', async () => {
      const limited = await key({ rate_limit: 5, rate_window_s: 60 });
      await apis[0]!.get('/events', limited);
      const { body } = await apis[0]!.get('/auth/info', limited);
      expect(body['rate_limit']).toEqual({
        limit: 5,
        window_s: 60,
        remaining: 3,
        reset_s: expect.any(Number) as number,
      });
    });
  });
}

describeApi('failed authentication', {}, (api) => {
  it('is limited per address, without standing in the way of genuine keys', async () => {
    const tenantId = await api.createTenant('Acme');
    const [used, fresh] = [await api.createKey(tenantId, ['read']), await api.createKey(tenantId, ['read'])];
    await api.get('/auth/info', used);
    const statuses = await Promise.all(
      Array.from(
        { length: 60 },
        async (_, n) => (await api.get('/auth/info', `tmk_${'a'.repeat(14)}${n + 10}_${'b'.repeat(43)}`)).status,
      ),
    );
    expect(statuses.filter((status) => status === 401)).toHaveLength(30);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    expect((await api.get('/auth/info', used)).status).toBe(200);
    expect((await api.get('/auth/info', fresh)).status).toBe(200);
  });
});

describeApi('failed authentication through a proxy', { env: { TRUST_PROXY: 'loopback' } }, (api) => {
  it('is limited per address however it is spelled, and per /64 of IPv6', async () => {
    const failFrom = async (forwarded: (n: number) => string) => {
      const statuses = await Promise.all(
        Array.from({ length: 40 }, async (_, n) => {
          const headers = { 'X-Forwarded-For': forwarded(n), 'X-API-Key': 'no-key-of-anybody-at-all' };
          return (await api.call('GET', '/auth/info', { key: null, headers })).status;
        }),
      );
      return statuses.filter((status) => status === 429).length;
    };
    expect(await failFrom((n) => `198.51.100.7:${n + 1_024}`)).toBe(10);
    expect(await failFrom((n) => `2001:db8:1:2:${n}::1`)).toBe(10);
    expect(await failFrom((n) => `2001:db8:1:${n + 3}::1`)).toBe(0);
  });
});

describeDatabase('limits of two API processes on one Redis', { needs: 'redis-server' }, (database) => {
  it('let exactly 10 of 40 parallel requests through, on both together', async () => {
    const redis = await startRedisServer();
    const apis = await Promise.all([1, 2].map(() => TestApiProcess.start(database.url, { REDIS_URL: redis.url })));
    const send = (n: number, path: string, key: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(apis[n % 2]!.url(path), {
        method: 'POST',
        headers: { 'X-API-Key': key, 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const tenant = (await (await send(0, '/tenants', PLATFORM_KEY, { name: 'Acme' })).json()) as { id: string };
    const wanted = { client_id: 'c', name: 'n', rate_limit: 10, rate_window_s: 30 };
    const made = await send(0, '/keys', PLATFORM_KEY, wanted, { 'X-Tenant-Id': tenant.id });
    const { key } = (await made.json()) as { key: string };
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => send(n, '/events', key, { event_type: 'x' })),
    );
    const passed = answers.map(({ status }, n) => (status === 202 ? n % 2 : null)).filter((n) => n !== null);
    expect(passed).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
    await Promise.all(apis.map((api) => api.stop()));
    await redis.kill();
  });
});

describeDatabase('limits while Redis is away', { needs: 'redis-server' }, (database) => {
  it('are each process’s share for requests, and creating keys is refused', async () => {
    const redis = await startRedisServer();
    const api = await TestApi.start(database.url, { REDIS_URL: redis.url, API_REPLICAS: '2' });
    const tenantId = await api.createTenant('Acme');
    const { body } = await eventually(async () => {
      const made = await api.call<{ key: string }>('POST', '/keys', {
        body: { client_id: 'c', name: 'n', rate_limit: 10, rate_window_s: 60 },
        headers: { 'X-Tenant-Id': tenantId },
      });
      expect(made.status).toBe(201); // once Redis is connected
      return made;
    });
    await redis.kill();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.post('/events', { event_type: 'x' }, body.key)),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(5);
    expect((await api.post('/keys', { client_id: 'c', name: 'n' })).status).toBe(503);
    await api.stop();
  });
});
