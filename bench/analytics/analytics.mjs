import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { findDataset, loadDataset } from '../dataset/dataset.mjs';
import { Stack } from '../stack.mjs';
import { quantile, round } from '../statistics.mjs';
import { measureIngestBeside } from './beside-ingest.mjs';
import { measurePages } from './pages.mjs';
import { makeQueries } from './queries.mjs';

const RUNS = 200;
const TURN = 20;
/** Answers that are not timed, until the caches of the processor know this size again. */
const TO_BE_BACK = 3;
/** Questions that only warm up: after a few hundred the compiler of JavaScript still works beside the answers. */
const WARM_UPS = 600;
/** The number of the first of them. */
const FIRST_WARM_UP = 900;
/** After so many milliseconds no further turn begins. */
const BUDGET_MS = 30_000;
setFlagsFromString('--expose-gc');
/** Of this process, which measures: between the questions, or it would be in the times. */
const collectGarbage = runInNewContext('gc');
/** Only while a data set is written: a crash then means writing it again. */
const LOADING = {
  ...{ fsync: 'off', full_page_writes: 'off', autovacuum: 'off' },
  ...{ max_wal_size: '16GB', checkpoint_timeout: '1h' },
};

/**
 * Every analytics endpoint on data sets of different sizes, side by side.
 *
 * @typedef {{p50_ms: number, p99_ms: number, goal_ms: number | null, is_rollup: boolean, plain_ms?: number}} Timing
 * @typedef {{events: number, timings: Record<string, Timing>, missing: string[],
 *   pages?: Record<string, import('./pages.mjs').PageTimes>, ingest?: {quiet: number[], busy: number[]}}} Size
 *
 * @param {import('../options.mjs').Options & {tell: (line: string) => void, speed: import('../speed.mjs').Speed}} options
 * @param {(stack: Stack) => void} use is told what runs, so that it ends with the benchmark
 * @returns {Promise<{version: string, sizes: Size[]}>}
 */
export async function measureAnalytics({ events, dataDir, tell, speed }, use) {
  const sizes = [];
  for (const count of [...events].sort((a, b) => a - b)) {
    const stack = await openDataset(count, dataDir, tell, use);
    sizes.push(await prepare(stack, count));
  }
  await warmUp(sizes);
  for (const n of sizes[0].queries.keys()) {
    speed.note();
    await timeQuery(n, sizes, tell);
  }
  for (const { stack } of sizes.slice(0, -1)) await stack.end(); // a process that idles wakes up now and then
  const { stack, key, tenantId, queries, figures } = sizes.at(-1);
  figures.pages = await measurePages(stack, tenantId, tell);
  figures.ingest = await measureIngestBeside(stack, { key, queries, tell });
  const version = await stack.version();
  await stack.end();
  return { version, sizes: sizes.map((size) => size.figures) };
}

/** @returns {Promise<Stack>} with the usual settings, and the data set in it */
export async function openDataset(count, dataDir, tell, use) {
  const first = new Stack({ settings: LOADING, dataDir: dataDir && join(dataDir, String(count)) });
  use(first);
  await first.start();
  if ((await findDataset(first, count)) === undefined) await loadDataset(first, count, tell);
  // As autovacuum does in time: an earlier run may have left events that came in at the end of it.
  await first.pool.query('vacuum (analyze)');
  await first.pool.query('checkpoint');
  await first.end({ keepsFolder: true });
  const stack = new Stack({ dataDir: first.dataDir, folder: first.folder });
  use(stack);
  await stack.start();
  await stack.startApi();
  return stack;
}

async function prepare(stack, count) {
  const dataset = await findDataset(stack, count);
  const { key } = await stack.createTenantKey(['read'], dataset.tenantId);
  const queries = makeQueries({ ...dataset, ...(await listUsers(stack, dataset)) });
  return { stack, key, tenantId: dataset.tenantId, queries, figures: { events: count, timings: {}, missing: [] } };
}

/** As a server that has run for a while: its code is compiled by then. Of questions that are not timed, so nothing is cached. */
async function warmUp(sizes) {
  for (const { stack, key, queries } of sizes) {
    for (const query of queries) {
      const { runs = WARM_UPS } = query;
      for (let n = 0; n < runs; n++) await ask(stack, key, query, FIRST_WARM_UP + n);
    }
  }
}

/** The n-th query. */
async function timeQuery(n, sizes, tell) {
  const times = await askInTurn(n, sizes);
  for (const [place, { stack, queries, figures }] of sizes.entries()) {
    const { name, goalMs, isRollup = false, plain } = queries[n];
    if (times[place].length === 0) {
      figures.missing.push(name);
      continue;
    }
    const [p50_ms, p99_ms] = [0.5, 0.99].map((q) => round(quantile(times[place], q), 1));
    const timing = { p50_ms, p99_ms, goal_ms: goalMs, is_rollup: isRollup };
    if (plain !== undefined) timing.plain_ms = await timePlain(stack, plain);
    figures.timings[name] = timing;
    const beside = plain === undefined ? '' : `, plain SQL ${timing.plain_ms} ms`;
    tell(`${figures.events} events, ${name}: p50 ${p50_ms} ms, p99 ${p99_ms} ms${beside}`);
  }
}

/** A few questions to one size, as many to the next: whatever slows the machine down meets them all. @returns {Promise<number[][]>} */
async function askInTurn(n, sizes) {
  const { runs = RUNS } = sizes[0].queries[n];
  const times = sizes.map(() => []);
  const start = performance.now();
  for (let first = 0; first < runs; first += TURN) {
    if (performance.now() - start > BUDGET_MS) break;
    for (const [place, { stack, key, queries }] of sizes.entries()) {
      collectGarbage();
      if (runs > TURN)
        for (let run = 0; run < TO_BE_BACK; run++) await ask(stack, key, queries[n], FIRST_WARM_UP + run);
      for (let run = first; run < Math.min(first + TURN, runs); run++) {
        const { status, ms } = await ask(stack, key, queries[n], run);
        if (status !== 404) times[place].push(ms); // else there is no such route
      }
    }
  }
  return times;
}

/** The n-th question of a query. */
function ask(stack, key, query, n) {
  const { path, body } = query.ask(n);
  return stack.send(body === undefined ? 'GET' : 'POST', path, key, body);
}

/** Median of three, as the owner, with the settings of the server. */
async function timePlain(stack, { sql, values }) {
  const times = [];
  for (let n = 0; n < 3; n++) {
    const start = performance.now();
    await stack.pool.query(sql, values);
    times.push(performance.now() - start);
  }
  return round(quantile(times, 0.5), 1);
}

/** Some of many, and those who do the most. */
export async function listUsers(stack, { tenantId, to }) {
  const list = async (sql, values) => (await stack.pool.query(sql, values)).rows.map(({ user_id }) => user_id);
  return {
    users: await list(
      `select user_id from events where tenant_id = $1 and event_type = 'signup' and event_time < $2 limit 200`,
      [tenantId, new Date(to).toISOString()],
    ),
    busiest: await list(
      `select user_id from events where tenant_id = $1 and event_type = 'login' and user_id is not null
       group by 1 order by count(*) desc limit 5`,
      [tenantId],
    ),
  };
}
