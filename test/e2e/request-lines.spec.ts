import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { freePort } from '../support/redis.js';

interface Line {
  msg: string;
  level: string;
  context?: string;
  request_id?: string;
  tenant_id?: string;
}

describeDatabase('a log line', {}, (database) => {
  let api: TestApiProcess;
  let logs: string;
  const tenants: string[] = [];

  beforeAll(async () => {
    logs = mkdtempSync(join(tmpdir(), 'tidemark-lines-'));
    api = await TestApiProcess.start(database.url, { LOG_DIR: logs, LOG_LEVEL: 'info' });
    for (const name of ['one', 'other']) {
      const { id } = (await (await send('POST', '/tenants', {}, { name })).json()) as { id: string };
      tenants.push(id);
    }
    // What reads or writes one of these fails with an error that is logged.
    await database.query('alter table ingest_batches rename to away_batches');
    await database.query('alter table saved_funnels rename to away_funnels');
  });

  afterAll(async () => {
    await api.stop();
    rmSync(logs, { recursive: true });
  });

  function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Response> {
    return fetch(api.url(path), {
      method,
      headers: { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  const lines = () =>
    readdirSync(logs)
      .filter((name) => !name.includes('errors'))
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);

  const accessLines = () => lines().filter(({ context }) => context === 'Access');

  it.each([
    ['the fast path', 'fast', 'POST', '/events/ingest', { event_type: 'x' }],
    ['Express', 'nest', 'GET', '/analytics/funnels', undefined],
  ])('of %s tells its own request and tenant, also of many at once', async (_name, prefix, method, path, body) => {
    const ids = Array.from({ length: 20 }, (_, n) => `${prefix}-${n}`);
    const tenantOf = (id: string) => tenants[ids.indexOf(id) % 2]!;
    const statuses = await Promise.all(
      ids.map(async (id) => {
        const headers = { 'X-Request-Id': id, 'X-Tenant-Id': tenantOf(id) };
        return (await send(method, path, headers, body)).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([500]));
    const own = await eventually(() => {
      const found = lines().filter(({ msg }) => msg.startsWith(`request ${prefix}-`));
      expect(found).toHaveLength(ids.length);
      return found;
    });
    for (const { msg, request_id, tenant_id } of own) {
      const id = /^request ([\w-]+)/.exec(msg)![1]!;
      expect([request_id, tenant_id]).toEqual([id, tenantOf(id)]);
    }
  });

  it.each([
    ['the fast path', 'POST', '/events/ingest', 'POST', '/api/v1/events/ingest'],
    ['Nest', 'GET', '/tenants/:id', 'GET', '/api/v1/tenants/:id'],
  ])('is written once for each request of %s, refused ones as warnings, without a secret', async (...route) => {
    const [, method, path, , pattern] = route;
    const [tenant] = tenants;
    const planted = 'tmk_plantedplanted00_plantedplantedplantedplantedplantedplantedplante';
    const address = `${path.replace(':id', tenant!)}?api_key=${planted}`;
    const ask = async (id: string, headers: Record<string, string>) => {
      const all = { 'X-Request-Id': `${method}-${id}`, 'X-Tenant-Id': tenant!, ...headers };
      const answer = await send(method, address, all, method === 'POST' ? { event_type: '' } : undefined);
      const bytes = (await answer.arrayBuffer()).byteLength;
      return { request_id: `${method}-${id}`, method, route: pattern, status: answer.status, bytes };
    };
    const known = await ask('known', {});
    const refused = await ask('refused', { 'X-API-Key': planted });
    expect(refused.status).toBe(401);
    const own = (id: string) => accessLines().filter(({ request_id }) => request_id === `${method}-${id}`);
    await eventually(() => expect([own('known').length, own('refused').length]).toEqual([1, 1]));
    expect(own('known')).toMatchObject([{ ...known, level: 'info', ms: expect.any(Number), tenant_id: tenant }]);
    expect(own('known')).toMatchObject([{ key: expect.stringContaining('PLATFORM_API_KEY') }]);
    expect(own('refused')).toMatchObject([{ ...refused, level: 'warn', key: null, tenant_id: null }]);
    expect(JSON.stringify(accessLines())).not.toContain('plantedplanted00_');
  });

  it('is written for what no route takes, by its path without a credential in it', async () => {
    const key = 'tmk_plantedplanted00_plantedplantedplantedplantedplantedplantedplante';
    await send('GET', `/nothing/${key}?token=planted`, { 'X-Request-Id': 'no-route' });
    const line = await eventually(() => {
      const [found] = accessLines().filter(({ request_id }) => request_id === 'no-route');
      expect(found).toMatchObject({
        status: 404,
        route: null,
        path: expect.stringMatching(/^\/api\/v1\/nothing\/tmk_/),
      });
      return found;
    });
    expect(JSON.stringify(line)).not.toMatch(/plantedplanted00_|token/);
  });

  it('is not written where ACCESS_LOG is false, and is on standard output without LOG_DIR', async () => {
    for (const ACCESS_LOG of ['false', 'true']) {
      const port = await freePort();
      const child = TestApiProcess.spawn(database.url, port, { LOG_LEVEL: 'info', ACCESS_LOG }, 'pipe');
      let out = '';
      child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
      try {
        const url = `http://127.0.0.1:${port}/api/v1/health/live`;
        await eventually(async () => expect((await fetch(url)).status).toBe(200), 25_000);
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
        expect(out.includes('"context":"Access"')).toBe(ACCESS_LOG === 'true');
      } finally {
        child.kill('SIGKILL');
      }
    }
  }, 60_000); // two processes

  it('of none tells none', async () => {
    const started = lines().filter(({ msg }) => msg.startsWith('listening on'));
    expect(started).toEqual([expect.not.objectContaining({ request_id: expect.anything() })]);
  });
});
