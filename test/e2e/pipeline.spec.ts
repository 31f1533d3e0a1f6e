import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { describeApi, describeDatabase } from '../support/fixture.js';
import { TestApi } from '../support/api.js';
import { rollupDifference } from '../support/recount.js';
import { startRedisServer, testRedisUrl } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

type Counts = { total: number; data: { event_type: string; count: number }[] };

/** As the jobs of the source name them. */
const namesOfQueues = () =>
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jobs.ts'))
    .flatMap((file) => [...readFileSync(join('src', file), 'utf8').matchAll(/_QUEUE = '(\w+)'/g)])
    .map(([, name]) => name!)
    .sort();

const backends = [
  ['postgres', undefined],
  ['redis', testRedisUrl],
] as const;

for (const [backend, redisUrl] of backends) {
  const needs = backend === 'redis' ? backend : undefined;
  const options = { needs, env: { REDIS_URL: redisUrl }, workers: 1 } as const;

  describeApi(`pipeline on the ${backend} queue`, options, (api, { database }) => {
    let key: string;

    beforeAll(async () => {
      key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
    });

    const total = async () =>
      (await api.get<Counts>('/analytics/events-by-type?from=2026-01-01T00:00:00Z', key)).body.total;

    it('counts 3,000 events from HTTP to analytics, exactly', async () => {
      for (let part = 0; part < 6; part++) {
        const events = Array.from({ length: 500 }, (_, n) => ({
          event_type: `type-${n % 7}`,
          event_id: `e-${part}-${n}`,
          event_time: new Date(Date.now() - n * 3_600_000).toISOString(),
        }));
        expect((await api.post('/events/batch', { events }, key)).status).toBe(202);
      }
      await eventually(async () => expect(await total()).toBe(3_000));
      expect(await rollupDifference(database)).toBe(0);
    });

    it('rings the worker itself: nothing waits for the poller', async () => {
      const { body } = await api.post<{ id: string }>('/events', { event_type: 'bell' }, key);
      await eventually(async () => {
        const [row] = await database.query<{ waited_ms: number }>(
          `select extract(epoch from b.processed_at - e.received_at) * 1000 as waited_ms
           from events e join ingest_batches b on b.id = e.batch_id where e.id = $1 and b.status = 'processed'`,
          [body.id],
        );
        expect(Number(row?.waited_ms)).toBeLessThan(4_000); // the poller looks at batches older than 5 s only
      });
    });

    it('shows every queue, and the dead letters of the tenant', async () => {
      const { body } = await api.get<{ queues: { name: string }[] }>('/analytics/queue-status', key);
      expect(body.queues.map(({ name }) => name).sort()).toEqual(namesOfQueues());
      for (const { name, ...counts } of body.queues) {
        expect([name, counts]).toEqual([
          name,
          { waiting: 0, active: 0, delayed: 0, completed: expect.any(Number) as number, failed: 0, paused: false },
        ]);
      }
      const { body: info } = await api.get<{ tenant: { id: string } }>('/auth/info', key);
      const setAside = async (tenant: string, count: number, state: string) =>
        database.query(
          `insert into failed_events (tenant_id, event_id, reason, state) select $1, uuidv7(), 'test', $3 from generate_series(1, $2)`,
          [tenant, count, state],
        );
      await setAside(info.tenant.id, 2, 'open');
      await setAside(info.tenant.id, 3, 'dead');
      await setAside(info.tenant.id, 1, 'discarded');
      await setAside(await api.createTenant('Globex'), 5, 'open');
      const status = await api.get('/analytics/queue-status', key);
      expect(status.body).toMatchObject({ dead_letters: { open: 2, dead: 3 } });
      await database.query(`delete from failed_events where reason = 'test'`);
    });

    it('answers any range exactly, down to the millisecond', async () => {
      const rows = await database.query<{ event_time: Date; event_type: string }>(
        'select event_time, event_type from events',
      );
      const times = rows.map(({ event_time }) => event_time.getTime()).sort((a, b) => a - b);
      for (const [from, to] of [
        [times[10]!, times[2_000]!],
        [times[10]! + 1, times[2_000]! + 1],
        [times[1_500]!, times[1_500]! + 1],
        [times[5]! + 17_123, times[2_700]! - 4_211],
      ] as const) {
        const { body } = await api.get<Counts>(
          `/analytics/events-by-type?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`,
          key,
        );
        expect(body.total).toBe(times.filter((time) => time >= from && time < to).length);
      }
    });

    it('groups by client and type', async () => {
      const { body } = await api.get<{ data: unknown[] }>('/analytics/group-by-client-and-type', key);
      expect(body.data[0]).toEqual({
        client_id: 'shop',
        event_type: expect.any(String) as string,
        count: expect.any(Number) as number,
      });
      const alias = await api.get<Counts>('/analytics/count-by-type?client_id=nobody', key);
      expect(alias.body).toMatchObject({ total: 0, data: [] });
    });
  });
}

describeDatabase('pipeline when Redis goes away', { needs: 'redis-server' }, (database) => {
  it('goes on taking events, and the poller processes them', async () => {
    const redis = await startRedisServer();
    const api = await TestApi.start(database.url, { REDIS_URL: redis.url, LOG_LEVEL: 'silent' });
    const worker = await TestWorker.start(database.url, { REDIS_URL: redis.url, LOG_LEVEL: 'silent' });
    const key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
    const total = async () => (await api.get<Counts>('/analytics/events-by-type', key)).body.total;
    await api.post('/events', { event_type: 'before' }, key);
    await eventually(async () => expect(await total()).toBe(1));

    await redis.kill();
    for (let n = 0; n < 20; n++) {
      expect((await api.post('/events', { event_type: 'during', event_id: `d-${n}` }, key)).status).toBe(202);
    }
    const health = await api.get<{ checks: { queue: { status: string } } }>('/health');
    expect([health.status, health.body.checks.queue.status]).toEqual([200, 'down']);
    const status = await api.get<{ queues: { waiting: number | null }[] }>('/analytics/queue-status', key);
    expect(status.body.queues.map(({ waiting }) => waiting)).toEqual(namesOfQueues().map(() => null));
    await eventually(async () => expect(await total()).toBe(21), 20_000);

    const again = await startRedisServer(redis.port);
    await api.post('/events', { event_type: 'after' }, key);
    await eventually(async () => expect(await total()).toBe(22), 20_000);
    expect(await rollupDifference(database)).toBe(0);
    expect(await worker.stop()).toBe(0);
    await api.stop();
    await again.kill();
  }, 60_000);
});
