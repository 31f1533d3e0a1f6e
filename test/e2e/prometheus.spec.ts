import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parse, stringify } from 'yaml';
import { METRICS } from '../../src/platform/metrics/definitions.js';
import { TestApi } from '../support/api.js';
import { Detour } from '../support/detour.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TOKEN } from '../support/metrics.js';
import { TestPrometheus } from '../support/prometheus.js';
import { freePort } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

const RULES = 'docs/monitoring/alerts.yml';

interface Rules {
  groups: { rules: { alert: string; expr: string; for?: string }[] }[];
}

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

/** As committed, but without waiting: what must hold for minutes holds at once, and a minute of age is two seconds. */
function impatient(): string {
  const rules = parse(readFileSync(RULES, 'utf8')) as Rules;
  for (const rule of rules.groups.flatMap((group) => group.rules)) {
    delete rule.for;
    rule.expr = rule.expr.replace(/(_age_seconds\)) > 60$/, '$1 > 2');
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

  it('fire when PostgreSQL is away, and resolve when it is back', async () => {
    await detour.close();
    await eventually(async () => expect(await prometheus.firing()).toContain('TidemarkPostgresAway'), WITHIN_MS);
    await detour.open();
    await eventually(async () => expect(await prometheus.firing()).not.toContain('TidemarkPostgresAway'), WITHIN_MS);
  }, 60_000);
});
