import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { TestClickHouse } from '../support/clickhouse.js';
import { TestFeed } from '../support/clickhouse-feed.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';
import { TestWorker } from '../support/worker.js';

/** `npm run test:clickhouse` kills twenty times, CI once. */
const KILLS = process.env['TEST_CLICKHOUSE_SHORT'] === undefined ? 20 : 1;
const BACKFILLED = process.env['TEST_CLICKHOUSE_SHORT'] === undefined ? 100_000 : 10_000;

describeDatabase('ClickHouse under kill -9', {}, (database) => {
  let server: TestClickHouse;
  let pipeline: TestPipeline;
  let fed: TestFeed;

  beforeAll(async () => {
    server = await TestClickHouse.start();
    pipeline = new TestPipeline(database.url);
    fed = new TestFeed(database.url, server.url);
  });

  afterAll(async () => {
    await fed.stop();
    await pipeline.stop();
    await server.stop();
  });

  const isComplete = async () =>
    (await database.query<{ is: boolean }>('select completed_at is not null as is from clickhouse_feeds'))[0]?.is ===
    true;

  it('of workers and of the engine, while events come and change, misses none and has none twice', async () => {
    const env = { CLICKHOUSE_URL: server.url, LOG_LEVEL: 'silent' };
    const worker = await TestWorker.start(database.url, env);
    await eventually(async () => expect(await isComplete()).toBe(true));
    const random = mulberry32(1);
    let acknowledged = 0;
    let loading = true;
    const load = async () => {
      while (loading) {
        const events = Array.from({ length: 50 }, () => event({ user_id: `u${Math.floor(random() * 20)}` }));
        await pipeline.writer.write(DEFAULT_TENANT_ID, events);
        acknowledged += events.length;
        await database.query(
          `update events set enrichment = jsonb_build_object('n', $1::int) where id in (select id from events order by random() limit 5)`,
          [acknowledged],
        );
      }
    };
    const loads = Promise.all([load(), load()]);
    for (let kills = 0; kills < KILLS; kills++) {
      const before = await fed.count().catch(() => ({ events: 0 }));
      await eventually(async () => expect((await fed.count()).events).toBeGreaterThan(before.events + 200), 60_000);
      if (kills % 2 === 0) {
        await worker.kill();
        await worker.restart();
      } else {
        await server.kill();
        await server.launch();
      }
    }
    loading = false;
    await loads;
    await eventually(async () => expect((await fed.count()).events).toBe(acknowledged), 60_000);
    expect(await fed.compare()).toEqual([]);
    expect(await fed.count()).toEqual({ events: acknowledged, ids: acknowledged });
    expect(await worker.stop()).toBe(0);
    process.stdout.write(`${KILLS} kills, ${acknowledged} events\n`);
  }, 600_000);

  it('of the backfill goes on where it was, while a worker feeds', async () => {
    await database.query(
      `with source as (select * from events limit 1), more as (
         insert into events (tenant_id, id, batch_id, client_id, event_id, event_type, user_id, session_id, event_time, received_at, payload)
         select s.tenant_id, uuidv7(), s.batch_id, s.client_id, 'more-' || n, 'page_view', 'user-' || n % 997, null,
           s.event_time - make_interval(mins => n), s.received_at, jsonb_build_object('n', n)
         from source s cross join generate_series(1, $1) n returning 1)
       select count(*) from more`,
      [BACKFILLED],
    );
    const backfill = (...words: string[]): ChildProcess =>
      spawn(process.execPath, [join('dist', 'cli.js'), 'backfill-clickhouse', '--json', ...words], {
        env: { PATH: process.env['PATH'], NODE_ENV: 'test', DATABASE_URL: database.url, CLICKHOUSE_URL: server.url },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const worker = await TestWorker.start(database.url, { CLICKHOUSE_URL: server.url, LOG_LEVEL: 'silent' });
    const first = backfill('--restart');
    const begun = 'select from clickhouse_feeds where completed_at is null and backfill_id is not null';
    await eventually(async () => expect(await database.query(begun)).toHaveLength(1), 60_000);
    await pipeline.writer.write(DEFAULT_TENANT_ID, [event({ event_id: 'meanwhile' })]);
    first.kill('SIGKILL');
    await once(first, 'exit');
    expect(await isComplete()).toBe(false);
    const second = backfill();
    let out = '';
    second.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
    expect(await once(second, 'exit')).toEqual([0, null]);
    const done = JSON.parse(out) as { events: number; resumed: boolean; seconds: number };
    process.stdout.write(`backfill: ${done.events} events in ${done.seconds} s\n`);
    const all = Number((await database.query<{ n: string }>('select count(*) as n from events'))[0]!.n);
    expect(done.resumed).toBe(true);
    expect(done.events).toBeLessThan(all - 4_000);
    expect(await isComplete()).toBe(true);
    await eventually(async () => expect((await fed.count()).events).toBe(all));
    expect(await fed.compare()).toEqual([]);
    expect(await worker.stop()).toBe(0);
  });
});
