import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { eventually } from './eventually.js';
import { freePort } from './redis.js';

const COMMITTED = 'docs/monitoring/prometheus.yml';

interface Configuration {
  scrape_configs: { job_name: string; authorization: object; static_configs: { targets: string[] }[] }[];
}

interface Target {
  job: string;
  port: number;
}

/** A real Prometheus with a folder of its own. */
export class TestPrometheus {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async start(targets: readonly Target[], token: string, rules: string): Promise<TestPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
    writeFileSync(join(folder, 'alerts.yml'), rules);
    writeFileSync(join(folder, 'prometheus.yml'), stringify(configuration(targets, token)));
    const port = await freePort();
    const words = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ];
    const child = spawn('prometheus', words, { stdio: ['ignore', 'inherit', 'inherit'] });
    const started = new TestPrometheus(child, `http://127.0.0.1:${port}/api/v1`);
    await eventually(() => started.get('/status/buildinfo'));
    return started;
  }

  /** Names of the alerts that fire now. */
  async firing(): Promise<string[]> {
    const { alerts } = await this.get<{ alerts: { state: string; labels: { alertname: string } }[] }>('/alerts');
    return [...new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname))].sort();
  }

  /** How many series the answer to a query has. */
  async count(query: string): Promise<number> {
    const { result } = await this.get<{ result: unknown[] }>(`/query?query=${encodeURIComponent(query)}`);
    return result.length;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }

  private async get<Data>(path: string): Promise<Data> {
    const answer = await fetch(`${this.url}${path}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: Data; error?: string };
    if (status !== 'success') throw new Error(`Prometheus: ${error}`);
    return data;
  }
}

/** As committed, but every second, and of processes on this machine. */
function configuration(targets: readonly Target[], token: string): object {
  const committed = parse(readFileSync(COMMITTED, 'utf8')) as Configuration;
  const scrape_configs = committed.scrape_configs.map((scrape) => {
    const own = targets.filter(({ job }) => job === scrape.job_name).map(({ port }) => `127.0.0.1:${port}`);
    return { ...scrape, authorization: { credentials: token }, static_configs: [{ targets: own }] };
  });
  const global = { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' };
  return { ...committed, global, scrape_configs };
}
