import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { parse, stringify } from 'yaml';
import { METRICS } from '../../src/platform/metrics/definitions.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { Detour } from '../support/detour.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TOKEN } from '../support/metrics.js';
import { TestPrometheus } from '../support/prometheus.js';
import { freePort, type RedisServer, startRedisServer } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

const RULES = 'docs/monitoring/alerts.yml';

interface Rules {
  groups: { rules: { alert: string; expr: string; for?: string }[] }[];
}

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

/**
 * As committed, but without waiting: what must hold for minutes holds at once, an age of a minute or an hour is two
 * seconds, and rates are those of a few seconds.
 */
function impatient(): string {
  const rules = parse(readFileSync(RULES, 'utf8')) as Rules;
  for (const rule of rules.groups.flatMap((group) => group.rules)) {
    delete rule.for;
    rule.expr = rule.expr
      .replace(/(_age_seconds\)) > 60$/, '$1 > 2')
      .replace(/(_overdue_seconds\)) > 3600$/, '$1 > 2')
      .replace(/(_lag_seconds\)) > 300$/, '$1 > 2')
      .replaceAll(/\[(1|5)m\]/g, '[4s]');
  }
  return stringify(rules);
}

const expressions = (file: string) => {
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m')));
};

const WITHIN_MS = 25_000;

describeDatabase('alert rules and dashboard in a real Prometheus', { needs: 'prometheus' }, (database) => {
  let detour: Detour;
  let api: TestApi;
  let worker: TestWorker;
  let workerEnv: Record<string, string>;
  let prometheus: TestPrometheus;

  const firing = (...names: string[]) =>
    eventually(async () => expect(await prometheus.firing()).toEqual(names), WITHIN_MS);

  beforeAll(async () => {
    detour = await Detour.open(database.url);
    const workerPort = await freePort();
    workerEnv = { METRICS_TOKEN: TOKEN, WORKER_HEALTH_PORT: String(workerPort) };
    [api, worker] = await Promise.all([
      TestApi.start(detour.url, { METRICS_TOKEN: TOKEN, LOG_LEVEL: 'silent' }),
      TestWorker.start(database.url, workerEnv),
    ]);
    const targets = [
      { job: 'tidemark-api', port: Number(new URL(api.url).port) },
      { job: 'tidemark-worker', port: workerPort },
    ];
    prometheus = await TestPrometheus.start(targets, TOKEN, impatient());
  }, 90_000);

  afterAll(async () => {
    await prometheus.stop();
    await worker.stop();
    await api.stop();
    await detour.close();
  });

  it('are valid to promtool, and so is what API and worker export', async () => {
    expect(execFileSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' })).toContain('SUCCESS');
    for (const port of [new URL(api.url).port, workerEnv['WORKER_HEALTH_PORT']]) {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
      const own = (await answer.text()).split('\n').filter((line) => /^(# \w+ )?tidemark_/.test(line));
      execFileSync('promtool', ['check', 'metrics'], { input: `${own.join('\n')}\n`, encoding: 'utf8' });
    }
  });

  it('name metrics that there are, and each panel of the dashboard is a query that Prometheus takes', async () => {
    const used = `${readFileSync(RULES, 'utf8')}\n${expressions('docs/monitoring/grafana.json').join('\n')}`;
    const names = new Set(
      [...used.matchAll(/\btidemark_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
    );
    expect([...names].filter((name) => !(name in METRICS))).toEqual([]);
    expect(names.size).toBeGreaterThan(20);
    for (const query of expressions('docs/monitoring/grafana.json')) await prometheus.count(query);
    await eventually(async () => expect(await prometheus.count('tidemark_build_info')).toBe(2), WITHIN_MS);
    await firing(); // none of them fires where nothing is wrong
  }, 60_000);

  it('fire when the worker has stopped, and resolve when it is back', async () => {
    await worker.stop();
    await api.post('/events', { event_type: 'x' });
    await firing('TidemarkEventsPending', 'TidemarkProcessDown');
    await worker.restart();
    await firing();
  }, 60_000);

  it('fire when the signing key is gone, and resolve when it is back', async () => {
    await worker.stop();
    const key = join(mkdtempSync(join(tmpdir(), 'key-')), 'signing-key.pem');
    writeFileSync(key, '');
    const env = { ...workerEnv, AUDIT_SIGNING_KEY_FILE: key };
    await expect(TestWorker.start(database.url, env)).rejects.toThrow('the worker exited');
    await api.post('/logs', { action_type: 'VIEW', resource_type: 'r', resource_id: '1' });
    await firing('TidemarkProcessDown', 'TidemarkSealingStopped');
    rmSync(key);
    worker = await TestWorker.start(database.url, env); // which makes a new one
    await firing();
  }, 90_000);

  it('fire when there are many dead letters, and resolve when they are mended', async () => {
    await api.put('/event-types/order/schema', { schema: { type: 'object', required: ['total'] }, mode: 'quarantine' });
    const events = Array.from({ length: 120 }, () => ({ event_type: 'order', payload: {} }));
    await api.post('/events/batch', { events });
    await firing('TidemarkDeadLetters');
    await api.put('/event-types/order/schema', { schema: true, mode: 'quarantine' });
    await api.post('/events/failed/retry', {});
    await firing();
  }, 60_000);

  it('fire when a tree does not fit its checkpoint, and resolve when it does', async () => {
    const set = (change: string) =>
      database.query(`update audit_leaves set leaf_hash = ${change} where leaf_index = 0`);
    const [leaf] = await database.query<{ hash: string }>(
      `select encode(leaf_hash, 'hex') as hash from audit_leaves where leaf_index = 0`,
    );
    await set(`decode(repeat('00', 32), 'hex')`);
    await worker.stop();
    await worker.restart(); // it compares them at start, then every minute
    await firing('TidemarkCheckpointInconsistent');
    await set(`decode('${leaf!.hash}', 'hex')`);
    await worker.stop();
    await worker.restart();
    await firing();
  }, 60_000);

  it('fire when ClickHouse is late, and resolve when it has all', async () => {
    await database.query('insert into clickhouse_feeds (feed_id, completed_at) values (gen_random_uuid(), now())');
    await database.query(
      `insert into clickhouse_batches (tenant_id, id, first_id, last_id, event_count)
       select tenant_id, id, first_id, last_id, event_count from ingest_batches limit 1`,
    );
    await firing('TidemarkClickHouseLate');
    await database.query('update clickhouse_batches set sent_at = now()');
    await firing();
    await database.query('delete from clickhouse_feeds');
  }, 60_000);

  it('fire when PostgreSQL is away, and resolve when it is back', async () => {
    await detour.close();
    await eventually(async () => expect(await prometheus.firing()).toContain('TidemarkPostgresAway'), WITHIN_MS);
    await detour.open();
    await eventually(async () => expect(await prometheus.firing()).not.toContain('TidemarkPostgresAway'), WITHIN_MS);
  }, 60_000);
});

describeDatabase('alert rules for an API that has no peace', { needs: ['prometheus', 'redis-server'] }, (database) => {
  const BIG_DISK = '8000000000000000';
  let redis: RedisServer;
  let port: number;
  let api: TestApiProcess;
  let prometheus: TestPrometheus;
  let owner: pg.Client;
  let worker: TestWorker | undefined;
  let other: string;
  const seen = new Set<string>();

  const start = (disk: string) =>
    TestApiProcess.start(
      database.url,
      {
        ...{ METRICS_TOKEN: TOKEN, LOG_LEVEL: 'silent', REDIS_URL: redis.url, DATABASE_DISK_BYTES: disk },
        ...{ DB_POOL_SIZE: '3', INGEST_BUFFER_BYTES: '1048576' },
      },
      port,
    );
  const ask = async (method: string, path: string, body?: object, tenant = DEFAULT_TENANT_ID): Promise<number> => {
    const headers = { 'X-API-Key': PLATFORM_KEY, 'X-Tenant-Id': tenant, 'Content-Type': 'application/json' };
    const answer = await fetch(api.url(path), { method, headers, ...(body && { body: JSON.stringify(body) }) });
    await answer.arrayBuffer();
    return answer.status;
  };
  /** One after the other, or at once. */
  const fires = (names: string[], meanwhile: () => Promise<unknown> = () => Promise.resolve()) =>
    eventually(async () => {
      await meanwhile();
      for (const name of await prometheus.firing()) seen.add(name);
      expect([...seen]).toEqual(expect.arrayContaining(names));
    }, WITHIN_MS);
  const fire = (...names: string[]) =>
    eventually(async () => expect(await prometheus.firing()).toEqual(names), WITHIN_MS);

  beforeAll(async () => {
    [redis, port] = await Promise.all([startRedisServer(), freePort()]);
    api = await start('1');
    prometheus = await TestPrometheus.start([{ job: 'tidemark-api', port }], TOKEN, impatient());
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    other = (
      await database.query<{ id: string }>(`insert into tenants (id, name) values (uuidv7(), 'Other') returning id`)
    )[0]!.id;
  }, 90_000);

  afterAll(async () => {
    await prometheus.stop();
    await owner.end();
    await worker?.stop();
    await api.stop();
    await redis.kill();
  });

  it(
    'fire when no worker does what is due and the disk is full',
    () => fires(['TidemarkScheduleMissed', 'TidemarkDiskFillsUp']),
    60_000,
  );

  it('fire when a route fails', async () => {
    await owner.query('alter table saved_funnels rename to funnels_away');
    await fires(['TidemarkServerErrors'], async () => expect(await ask('GET', '/analytics/funnels')).toBe(500));
    await owner.query('alter table funnels_away rename to saved_funnels');
    expect(seen).not.toContain('TidemarkIngestRefused');
  }, 60_000);

  it('fire when commits and writes wait for a lock, Redis is away and the process stands still', async () => {
    await owner.query('begin; lock table events, saved_funnels in exclusive mode');
    await redis.kill();
    const events = Array.from({ length: 1_000 }, () => ({ event_type: 'x', payload: { text: 'x'.repeat(200) } }));
    const ingest = () => ask('POST', '/events/batch', { events });
    const funnel = { name: 'f', steps: [{ event_type: 'x' }] };
    const save = (tenant: string) => ask('POST', '/analytics/funnels', funnel, tenant);
    const waiting = [ingest(), save(DEFAULT_TENANT_ID), save(other)];
    let isOver = false;
    const trouble = (async () => {
      while (!isOver) {
        const refused = ingest();
        for (let stops = 0; stops < 3; stops++) {
          waiting.push(save(other)); // each gets its 503 after 3 s
          process.kill(api.child.pid!, 'SIGSTOP');
          await delay(700); // longer than the rule allows, shorter than Prometheus waits
          process.kill(api.child.pid!, 'SIGCONT');
          await delay(200); // more than one of a hundred looks at the clock are late, however seldom it is scraped
        }
        expect(await refused).toBe(503);
        await delay(1_000); // it is scraped and evaluated
      }
    })();
    try {
      await fires(['TidemarkQueueAway', 'TidemarkIngestRefused', 'TidemarkPoolExhausted', 'TidemarkEventLoopBlocked']);
    } finally {
      isOver = true;
      await trouble;
      await owner.query('rollback');
    }
    await Promise.all(waiting);
  }, 60_000);

  it('resolve one by one as each is mended', async () => {
    redis = await startRedisServer(redis.port);
    worker = await TestWorker.start(database.url, { REDIS_URL: redis.url });
    await fire('TidemarkDiskFillsUp');
    await api.stop();
    api = await start(BIG_DISK);
    await fire();
  }, 60_000);
});
