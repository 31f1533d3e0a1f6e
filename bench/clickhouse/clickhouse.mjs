import { join } from 'node:path';
import { findFreePort } from '../../dist/local-postgres/ports.js';
import { installChdb } from '../../scripts/chdb.mjs';
import { listUsers, openDataset } from '../analytics/analytics.mjs';
import { findDataset } from '../dataset/dataset.mjs';
import { quantile, round } from '../statistics.mjs';
import { until } from '../waiting.mjs';
import { measureIngestWhileFed } from './ingest.mjs';
import { makeEventQueries } from './queries.mjs';

const READY_MS = 60_000;
const BACKFILL_MS = 3_600_000;
/** Answers of each engine to each question, in turn; the first two are not counted. */
const RUNS = 9;
const WARM_UPS = 2;

/**
 * The same events and the same questions for both engines: the API with CLICKHOUSE_URL and the API without, in turn.
 *
 * @typedef {{postgresql_ms: number | null, clickhouse_ms: number, goal_ms: number | null}} Timing of
 *   an API without and with ClickHouse; null where it was stopped
 * @typedef {object} Figures
 * @property {number} events
 * @property {Record<string, Timing>} timings medians
 * @property {{per_second: number, cpu_us: Record<string, number>}} backfill
 * @property {{postgresql: number, clickhouse: number}} bytes_per_event
 * @property {{off_ms: number, on_ms: number, rounds: {off: number[], on: number[]}}} ingest p99 without and with a worker that feeds
 *
 * @param {import('../options.mjs').Options & {tell: (line: string) => void, speed: import('../speed.mjs').Speed}} options
 * @param {(stack: import('../stack.mjs').Stack) => void} use is told what runs, so that it ends with the benchmark
 * @returns {Promise<{version: string, sizes: Figures[]} | undefined>} undefined without the engine
 */
export async function measureClickHouse({ events, dataDir, tell, speed }, use) {
  const { dir, reason } = installChdb();
  if (dir === undefined) {
    tell(`clickhouse: left out, because ${reason}`);
    return undefined;
  }
  const sizes = [];
  let version = '';
  for (const count of [...events].sort((a, b) => a - b)) {
    const stack = await openDataset(count, dataDir, tell, use);
    version = await stack.version();
    sizes.push(await measureSize(stack, { count, chdb: dir, tell, speed }));
    await stack.end();
  }
  return { version, sizes };
}

async function measureSize(stack, { count, chdb, tell, speed }) {
  const engine = stack.launch('clickhouse', 'test/support/clickhouse-server.mjs', [join(stack.folder, 'clickhouse')], {
    CHDB_DIR: chdb,
    PORT: '0', // not that of the API
  });
  const { port } = await engine.next();
  const CLICKHOUSE_URL = `http://127.0.0.1:${port}/tidemark`;
  speed.note();
  const backfill = await measureBackfill(stack, count, CLICKHOUSE_URL);
  tell(`${count} events sent: ${backfill.per_second} a second, CPU per event ${JSON.stringify(backfill.cpu_us)} µs`);
  const copy = await startCopy(stack, CLICKHOUSE_URL);
  const dataset = await findDataset(stack, count);
  const { key } = await stack.createTenantKey(['read'], dataset.tenantId);
  const queries = makeEventQueries({ ...dataset, ...(await listUsers(stack, dataset)) });
  const timings = {};
  for (const query of queries) {
    speed.note();
    timings[query.name] = await timeBoth({ query, key, copy, original: stack.url('') });
    const { postgresql_ms: pg, clickhouse_ms: ch } = timings[query.name];
    const without = pg === null ? 'stopped' : `${pg} ms`;
    tell(`${count} events, ${query.name}: with ClickHouse ${ch} ms (${query.engine} answers), without ${without}`);
  }
  const bytes = await readBytes(stack, CLICKHOUSE_URL, count);
  const ingest = await measureIngestWhileFed(stack, CLICKHOUSE_URL, tell);
  return { events: count, timings, backfill, bytes_per_event: bytes, ingest };
}

/** Killed once in the middle, where it takes longer than a look at it, and compared at the end. */
async function measureBackfill(stack, count, url) {
  const run = (command) => stack.launch(command[0], 'dist/cli.js', [...command, '--json'], { CLICKHOUSE_URL: url });
  const cpu = stack.meterCpu();
  const start = performance.now();
  const first = run(['backfill-clickhouse']);
  const isHalf = async () => !first.isRunning || (await countRows(url)) > count / 2;
  await until('half of the events are in ClickHouse', isHalf, BACKFILL_MS, 250);
  first.process.kill('SIGKILL');
  await first.exited;
  const rest = run(['backfill-clickhouse']);
  if ((await rest.exited) !== 0) throw rest.exitError();
  const figures = { per_second: Math.round((count / (performance.now() - start)) * 1_000), cpu_us: cpu(count) };
  const comparison = run(['recount', '--engine', 'clickhouse', '--from', '2000-01-01']);
  if ((await comparison.exited) !== 0) throw comparison.exitError();
  return figures;
}

const countRows = async (url) =>
  Number(await askEngine(url, "select total_rows from system.tables where name = 'events'"));

async function askEngine(url, query) {
  const response = await fetch(`${new URL(url).origin}/?query=${encodeURIComponent(query)}`);
  return response.text();
}

/** An API that asks ClickHouse. @returns {Promise<string>} its address */
async function startCopy(stack, url) {
  const port = await findFreePort('127.0.0.1');
  const env = { PORT: String(port), CLICKHOUSE_URL: url, CLICKHOUSE_MAX_LAG_SECONDS: '86400' };
  stack.launch('api-clickhouse', 'dist/main.js', [], env);
  const address = `http://127.0.0.1:${port}/api/v1`;
  const isReady = async () => (await fetch(`${address}/health/ready`).catch(() => null))?.status === 200;
  await until('the API with ClickHouse is ready', isReady, READY_MS, 20);
  return address;
}

async function timeBoth({ query, key, copy, original }) {
  const times = { copy: [], original: [] };
  let isStopped = false;
  for (let n = 0; n < RUNS + WARM_UPS; n++) {
    const ours = await ask(copy, key, query.ask(n));
    if (ours.body.engine !== query.engine) throw new Error(`${query.name}: ${JSON.stringify(ours.body).slice(0, 300)}`);
    if (n >= WARM_UPS) times.copy.push(ours.ms);
    if (isStopped) continue;
    const theirs = await ask(original, key, query.ask(n));
    isStopped = theirs.status === 503;
    if (!isStopped && n >= WARM_UPS) times.original.push(theirs.ms);
  }
  const median = (values) => round(quantile(values, 0.5), 1);
  return {
    postgresql_ms: isStopped ? null : median(times.original),
    clickhouse_ms: median(times.copy),
    goal_ms: query.goalMs,
  };
}

async function ask(address, key, { path, body }) {
  const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
  const start = performance.now();
  const response = await fetch(`${address}${path}`, {
    ...{ method: body === undefined ? 'GET' : 'POST', headers },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok && response.status !== 503) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
  return { status: response.status, body: answer, ms: performance.now() - start };
}

/** Of the events with all their indexes. */
async function readBytes(stack, url, count) {
  const { bytes } = await stack.one(
    `select sum(pg_total_relation_size(inhrelid))::float8 as bytes from pg_inherits where inhparent = 'events'::regclass`,
  );
  const query = `select sum(bytes_on_disk) from system.parts where active and database = 'tidemark' and table = 'events'`;
  const copied = Number(await askEngine(url, query));
  return { postgresql: Math.round(bytes / count), clickhouse: Math.round(copied / count) };
}
