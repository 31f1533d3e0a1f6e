import { request as httpRequest } from 'node:http';
import { networkInterfaces } from 'node:os';
import { METRICS } from '../../src/platform/metrics/definitions.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { Detour } from '../support/detour.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { openSocket, type Samples, scrape, TOKEN } from '../support/metrics.js';
import { freePort } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

const CANARY = 'canary-9c1d';
const ROUTE = '/api/v1/events/:id';

describeApi('metrics', { env: { METRICS_TOKEN: TOKEN } }, (api, { database }) => {
  let worker: TestWorker;
  let workerPort: number;
  const ofApi = () => scrape(`${api.url}/metrics`);
  const ofWorker = () => scrape(`http://127.0.0.1:${workerPort}/metrics`);

  beforeAll(async () => {
    workerPort = await freePort();
    worker = await TestWorker.start(database.url, { METRICS_TOKEN: TOKEN, WORKER_HEALTH_PORT: String(workerPort) });
  });

  afterAll(() => worker.stop());

  it('are read with METRICS_TOKEN or a platform key, and with nothing else', async () => {
    const admin = await api.createKey(await api.createTenant('Admins'), ['admin']);
    const status = (authorization: string) =>
      api
        .request()
        .get('/metrics')
        .set(authorization === '' ? {} : { Authorization: `Bearer ${authorization}` })
        .then((answer) => answer.status);
    expect(await Promise.all([TOKEN, PLATFORM_KEY, '', `${TOKEN}x`, admin].map(status))).toEqual([
      200, 200, 401, 401, 403,
    ]);
    expect((await api.get('/auth/info', TOKEN)).status).toBe(401); // it opens nothing else
    const answer = await api.request().get('/metrics').set('Authorization', `Bearer ${TOKEN}`);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('of a worker are read with METRICS_TOKEN, or without one from this machine alone', async () => {
    const ask = (port: number, host: string, headers: Record<string, string> = {}) =>
      new Promise<number | undefined>((resolve, reject) => {
        httpRequest({ host, port, path: '/metrics', headers }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .once('error', reject)
          .end();
      });
    expect(await ask(workerPort, '127.0.0.1')).toBe(401);
    expect(await ask(workerPort, '127.0.0.1', { Authorization: `Bearer ${TOKEN}` })).toBe(200);
    const port = await freePort();
    const open = await TestWorker.start(database.url, { WORKER_HEALTH_PORT: String(port), HOST: '0.0.0.0' });
    try {
      expect(await ask(port, '127.0.0.1')).toBe(200);
      expect(await ask(port, '127.0.0.1', { 'X-Forwarded-For': '203.0.113.9' })).toBe(403);
      const outside = Object.values(networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .find(({ internal, family }) => !internal && family === 'IPv4');
      if (outside !== undefined) expect(await ask(port, outside.address)).toBe(403);
    } finally {
      await open.stop();
    }
  });

  it('are exactly those of the table, from the processes that it says', async () => {
    const [api, worker] = [await ofApi(), await ofWorker()];
    for (const samples of [api, worker]) {
      expect([...samples.names].filter((name) => name.startsWith('tidemark_') && !(name in METRICS))).toEqual([]);
      expect(samples.names).toContain('nodejs_eventloop_lag_p99_seconds');
    }
    const wrong = Object.entries(METRICS)
      .filter(([, definition]) => !('perTenant' in definition))
      .map(([name, { from, type, help }]) => {
        const expected = from === 'every process' ? [true, true] : from === 'worker' ? [false, true] : [true, false];
        const documented = [api, worker].find((samples) => samples.names.has(name));
        const fits = [type, help].every((text, n) => documented?.[n === 0 ? 'types' : 'helps'].get(name) === text);
        return { name, expected, found: [api, worker].map((samples) => samples.names.has(name)), fits };
      })
      .filter(({ expected, found, fits }) => !fits || expected.join() !== found.join());
    expect(wrong).toEqual([]);
  });

  it('follow the conventions of Prometheus for names and units', () => {
    for (const [name, { type, unit }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^tidemark_[a-z]+(_[a-z]+)*$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      for (const base of ['seconds', 'bytes']) {
        expect([name, name.replace(/_total$/, '').endsWith(base)]).toEqual([name, unit === base]);
      }
    }
  });

  it('count each request once, by route pattern and class of status, on both ways in', async () => {
    const slow = await TestApi.start(database.url, { METRICS_TOKEN: TOKEN }, { fastPath: false });
    try {
      for (const one of [api, slow]) {
        const samples = () => scrape(`${one.url}/metrics`);
        const requests = (from: Samples, method: string, route: string, status_class: string) =>
          from.value('tidemark_http_request_duration_seconds_count', { method, route, status_class }) ?? 0;
        const counts = (from: Samples) => [
          requests(from, 'POST', '/api/v1/events', '2xx'),
          requests(from, 'POST', '/api/v1/events', '4xx'),
          requests(from, 'GET', ROUTE, '4xx'),
          requests(from, 'GET', 'none', '4xx'),
          requests(from, 'OPTIONS', 'none', '4xx'),
        ];
        const before = counts(await samples());
        await one.post('/events', { event_type: 'x' });
        await one.post('/events', {});
        await one.post('/events', { event_type: 'x' }, 'no-key');
        await one.get('/events/00000000-0000-7000-8000-00000000dead');
        await one.get(`/nothing/${CANARY}`);
        const preflight = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' };
        await one.call('OPTIONS', '/events', { headers: preflight });
        await eventually(async () => {
          const after = counts(await samples());
          expect(after.map((count, n) => count - before[n]!)).toEqual([1, 2, 1, 1, 1]);
        });
        const routes = (await samples()).labels('tidemark_http_request_duration_seconds_count', 'route');
        expect([...routes].filter((route) => route.includes(CANARY) || route.includes('dead'))).toEqual([]);
      }
    } finally {
      await slow.stop();
    }
  });

  it('follow events from the commit to the rollups', async () => {
    const before = [await ofApi(), await ofWorker()] as const;
    const events = Array.from({ length: 30 }, (_, n) => ({ event_type: 'login', event_id: `follow-${n}` }));
    await api.post('/events/batch', { events });
    await api.post('/events/batch', { events: [...events.slice(0, 5), { event_type: 'other', event_id: 'follow-7' }] });
    const gained = (from: Samples, to: Samples, name: string, labels: Record<string, string> = {}) =>
      (to.value(name, labels) ?? 0) - (from.value(name, labels) ?? 0);
    const after = await ofApi();
    const outcome = (name: string) => gained(before[0], after, 'tidemark_ingest_events_total', { outcome: name });
    expect(['accepted', 'duplicate', 'conflict', 'rejected'].map(outcome)).toEqual([30, 5, 1, 0]);
    expect(gained(before[0], after, 'tidemark_ingest_batches_total')).toBe(1);
    expect(gained(before[0], after, 'tidemark_ingest_groups_total', { result: 'ok' })).toBe(2);
    expect(gained(before[0], after, 'tidemark_ingest_group_events_sum')).toBe(36);
    expect(gained(before[0], after, 'tidemark_ingest_commit_duration_seconds_sum')).toBeGreaterThan(0);
    expect(after.value('tidemark_ingest_buffer_bytes')).toBe(0);
    expect(after.value('tidemark_ingest_buffer_limit_bytes')).toBe(33_554_432);
    await eventually(async () => {
      const processed = await ofWorker();
      expect(gained(before[1], processed, 'tidemark_processing_events_total')).toBeGreaterThanOrEqual(30);
      expect(gained(before[1], processed, 'tidemark_processing_duration_seconds_count')).toBeGreaterThan(0);
      expect(processed.value('tidemark_rollup_duration_seconds_count')).toBeGreaterThan(0);
      expect(processed.value('tidemark_task_runs_total', { task: 'sealing', result: 'ok' })).toBeGreaterThan(0);
    });
  });

  it('say what waits, what failed and what is unsealed in the installation, with all tenants together', async () => {
    await worker.stop();
    try {
      const tenants = [await api.createTenant('One'), await api.createTenant('Two')];
      for (const [n, tenant] of tenants.entries()) {
        const key = await api.createKey(tenant, ['write']);
        await api.post('/events', { event_type: 'x' }, key);
        await api.post('/logs', { action_type: 'VIEW', resource_type: 'r', resource_id: '1' }, key);
        await database.query(
          `insert into failed_events (tenant_id, event_id, reason, state) values ($1, $2, 'bad', $3)`,
          [tenant, tenant, ['open', 'dead'][n]],
        );
      }
      await database.query(
        `update ingest_batches set received_at = now() - interval '90 seconds' where status = 'queued'`,
      );
      await eventually(async () => {
        const samples = await ofApi();
        expect(samples.value('tidemark_pending_events')).toBeGreaterThanOrEqual(2);
        expect(samples.value('tidemark_pending_batches')).toBeGreaterThanOrEqual(2);
        expect(samples.value('tidemark_pending_oldest_age_seconds')).toBeGreaterThanOrEqual(90);
        expect(samples.value('tidemark_dead_letters', { state: 'open' })).toBe(1);
        expect(samples.value('tidemark_dead_letters', { state: 'dead' })).toBe(1);
        expect(samples.value('tidemark_audit_unsealed_entries')).toBeGreaterThanOrEqual(2);
        expect(samples.value('tidemark_audit_unsealed_oldest_age_seconds')).toBeGreaterThan(0);
        expect(samples.value('tidemark_database_size_bytes')).toBeGreaterThan(1_000_000);
        expect(samples.value('tidemark_queue_jobs', { queue: 'events', state: 'waiting' })).toBeGreaterThanOrEqual(0);
      });
    } finally {
      await worker.restart();
    }
    await eventually(async () => {
      const samples = await ofApi();
      expect(samples.value('tidemark_pending_events')).toBe(0);
      expect(samples.value('tidemark_pending_oldest_age_seconds')).toBe(0);
      expect(samples.value('tidemark_audit_unsealed_entries')).toBe(0);
      expect(samples.value('tidemark_audit_checkpoint_age_seconds')).toBeLessThan(60);
    }, 20_000);
  });

  it('say what each table takes, how long the disk lasts, and how the scheduled tasks go', async () => {
    const large = { METRICS_TOKEN: TOKEN, DATABASE_DISK_BYTES: '8000000000000000' };
    const small = { METRICS_TOKEN: TOKEN, DATABASE_DISK_BYTES: '1000' };
    const disks = await Promise.all([large, small].map((env) => TestApi.start(database.url, env)));
    const [roomy, full] = await Promise.all(disks.map(({ url }) => scrape(`${url}/metrics`)));
    await Promise.all(disks.map((disk) => disk.stop()));
    const [events] = await database.query<{ bytes: number }>(
      `select sum(pg_total_relation_size(inhrelid))::float8 as bytes from pg_inherits where inhparent = 'events'::regclass`,
    );
    const found = await ofApi();
    expect(found.value('tidemark_table_size_bytes', { table: 'events' })).toBeGreaterThan(events!.bytes / 2);
    expect(found.value('tidemark_table_size_bytes', { table: 'events' })).toBeLessThan(events!.bytes * 2);
    expect(found.labels('tidemark_table_size_bytes', 'table')).toContain('audit_entries');
    const disk = (samples: Samples) =>
      ['size_bytes', 'free_bytes', 'left_seconds'].map((what) => samples.value(`tidemark_disk_${what}`));
    expect(disk(found)).toEqual([undefined, undefined, undefined]);
    expect(disk(full!)).toEqual([1_000, 0, 0]);
    expect(roomy!.text).toContain('\ntidemark_disk_left_seconds +Inf\n');
    expect(roomy!.value('tidemark_disk_free_bytes')).toBeGreaterThan(7e15);
    await eventually(async () => {
      const now = await ofApi();
      expect([...now.labels('tidemark_schedule_overdue_seconds', 'task')]).toEqual(['events', 'audit', 'housekeeping']);
      for (const task of ['events', 'audit', 'housekeeping']) {
        const ended = now.value('tidemark_schedule_last_end_timestamp_seconds', { task });
        expect(Math.abs(Date.now() / 1_000 - ended!)).toBeLessThan(120);
        expect(now.value('tidemark_schedule_failures', { task })).toBe(0);
        expect(now.value('tidemark_schedule_overdue_seconds', { task })).toBe(0);
      }
    });
  }, 60_000);

  it('count sockets and hits of the cache', async () => {
    const misses = (samples: Samples) => samples.value('tidemark_answer_cache_requests_total', { result: 'miss' }) ?? 0;
    const hits = (samples: Samples) => samples.value('tidemark_answer_cache_requests_total', { result: 'hit' }) ?? 0;
    const before = await ofApi();
    const question = '/analytics?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z';
    for (let n = 0; n < 2; n++) expect((await api.get(question)).status).toBe(200);
    const socket = await openSocket(api);
    const after = await ofApi();
    socket.disconnect();
    expect([misses(after) - misses(before), hits(after) - hits(before)]).toEqual([1, 1]);
    expect(after.value('tidemark_socket_clients', { namespace: '/metrics' })).toBe(1);
  });

  it('name no tenant and nothing that a client sent, and tenants only where METRICS_TENANT_LABELS is set', async () => {
    const tenant = await api.createTenant(CANARY);
    const key = await api.createKey(tenant, ['admin'], CANARY);
    await api.post('/events', { event_type: CANARY, user_id: CANARY, payload: { [CANARY]: CANARY } }, key);
    await api.get(`/events/${CANARY}?event_type=${CANARY}`, key);
    await api.call('GET', `/users/${CANARY}/journey`, { key, headers: { 'User-Agent': CANARY } });
    for (const { text } of [await ofApi(), await ofWorker()]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(tenant);
    }
    const labelled = await TestApi.start(database.url, { METRICS_TOKEN: TOKEN, METRICS_TENANT_LABELS: 'true' });
    await labelled.post('/events', { event_type: CANARY }, key);
    const samples = await scrape(`${labelled.url}/metrics`);
    await labelled.stop();
    expect(samples.value('tidemark_tenant_ingest_events_total', { tenant })).toBe(1);
    expect(samples.text).not.toContain(CANARY);
  });

  it('are there while PostgreSQL is away or hangs, and say so', async () => {
    const detour = await Detour.open(database.url);
    const distant = await TestApi.start(detour.url, { METRICS_TOKEN: TOKEN });
    const samples = () => scrape(`${distant.url}/metrics`);
    try {
      expect((await samples()).value('tidemark_postgres_up')).toBe(1);
      for (const fail of [() => detour.close(), async () => detour.stall()]) {
        await fail();
        await eventually(async () => {
          const since = performance.now();
          const away = await samples();
          expect(performance.now() - since).toBeLessThan(8_000);
          expect(away.value('tidemark_postgres_up')).toBe(0);
          expect(away.value('tidemark_pending_events')).toBeUndefined();
          expect(away.value('tidemark_dead_letters', { state: 'open' })).toBeUndefined();
        });
        await detour.close();
        await detour.open();
        await eventually(async () => {
          const back = await samples();
          expect(back.value('tidemark_postgres_up')).toBe(1);
          expect(back.value('tidemark_pending_events')).toBeGreaterThanOrEqual(0);
        });
      }
    } finally {
      await distant.stop();
      await detour.close();
    }
  }, 60_000);
});
