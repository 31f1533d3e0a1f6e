import { join } from 'node:path';
import { findDataset, loadDataset } from '../dataset/dataset.mjs';
import { Stack } from '../stack.mjs';
import { quantile, round } from '../statistics.mjs';
import { measureIngestBeside } from './beside-ingest.mjs';
import { makeQueries } from './queries.mjs';

const RUNS = 100;
/** A server that has run for a while answers: each query in turn so often first, and of each a share more than is timed. */
const WARM_UP_ROUNDS = 3;
/** Of questions that are not timed later: what is cached stays theirs. */
const FIRST_WARM_UP = 900;
const WARM_UP_SHARE = 0.2;
/** What is slow is not asked a hundred times: after so many milliseconds this many answers are enough. */
const BUDGET_MS = 15_000;
const ENOUGH = 5;
/** Only while a data set is written: a crash then means writing it again. */
const LOADING = {
  ...{ fsync: 'off', full_page_writes: 'off', autovacuum: 'off' },
  ...{ max_wal_size: '16GB', checkpoint_timeout: '1h' },
};

/**
 * Every analytics endpoint on data sets of different sizes.
 *
 * @typedef {{p50_ms: number, p99_ms: number, goal_ms: number | null, is_rollup: boolean, plain_ms?: number}} Timing
 * @typedef {{events: number, timings: Record<string, Timing>, missing: string[], ingest?: {quiet: number[], busy: number[]}}} Size
 *
 * @param {import('../options.mjs').Options & {tell: (line: string) => void}} options
 * @param {(stack: Stack) => Stack} use is told what runs, so that it ends with the benchmark
 * @returns {Promise<{version: string, sizes: Size[]}>}
 */
export async function measureAnalytics({ events, dataDir, tell }, use) {
  const sizes = [];
  let version;
  for (const count of [...events].sort((a, b) => a - b)) {
    const stack = await openDataset(count, dataDir, tell, use);
    version = await stack.version();
    sizes.push(await measureSize(stack, count, { tell, isLargest: count === Math.max(...events) }));
    await stack.end();
  }
  return { version, sizes };
}

/** @returns {Promise<Stack>} with the usual settings, and the data set in it */
async function openDataset(count, dataDir, tell, use) {
  const first = use(new Stack({ settings: LOADING, dataDir: dataDir && join(dataDir, String(count)) }));
  await first.start();
  if ((await findDataset(first, count)) === undefined) await loadDataset(first, count, tell);
  // As autovacuum does in time: an earlier run may have left events that came in at the end of it.
  await first.pool.query('vacuum (analyze)');
  await first.pool.query('checkpoint');
  await first.end({ keepsFolder: true });
  const stack = use(new Stack({ dataDir: first.dataDir, folder: first.folder }));
  await stack.start();
  await stack.startApi();
  return stack;
}

async function measureSize(stack, count, { tell, isLargest }) {
  const dataset = await findDataset(stack, count);
  const { key } = await stack.createTenantKey(['read'], dataset.tenantId);
  const users = await listUsers(stack, dataset);
  const size = { events: count, timings: {}, missing: [] };
  const queries = makeQueries({ ...dataset, users });
  for (let n = 0; n < WARM_UP_ROUNDS; n++) for (const query of queries) await ask(stack, key, query, FIRST_WARM_UP + n);
  for (const query of queries) {
    const timing = await time(stack, key, query);
    if (timing === null) size.missing.push(query.name);
    else {
      size.timings[query.name] = timing;
      const plain = timing.plain_ms === undefined ? '' : `, plain SQL ${timing.plain_ms} ms`;
      tell(`${count} events, ${query.name}: p50 ${timing.p50_ms} ms, p99 ${timing.p99_ms} ms${plain}`);
    }
  }
  if (isLargest) size.ingest = await measureIngestBeside(stack, { key, queries, tell });
  return size;
}

/** The n-th question of a query. */
function ask(stack, key, query, n) {
  const { path, body } = query.ask(n);
  return stack.send(body === undefined ? 'GET' : 'POST', path, key, body);
}

/** @returns {Promise<Timing | null>} null where there is no such route */
async function time(stack, key, query) {
  const { goalMs, isRollup = false, runs = RUNS, plain } = query;
  const times = [];
  const warmUp = Math.ceil(runs * WARM_UP_SHARE);
  const start = performance.now();
  for (let n = 0; n < runs + warmUp; n++) {
    const { status, ms } = await ask(stack, key, query, n);
    if (status === 404) return null;
    if (n >= warmUp) times.push(ms);
    if (times.length >= ENOUGH && performance.now() - start > BUDGET_MS) break;
  }
  const [p50_ms, p99_ms] = [0.5, 0.99].map((q) => round(quantile(times, q), 1));
  const timing = { p50_ms, p99_ms, goal_ms: goalMs, is_rollup: isRollup };
  return plain === undefined ? timing : { ...timing, plain_ms: await timePlain(stack, plain) };
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

/** Some of many, the heaviest among them. */
async function listUsers(stack, { tenantId, to }) {
  const { rows } = await stack.pool.query(
    `(select user_id, count(*) from events where tenant_id = $1 and event_type = 'login' and user_id is not null
      group by 1 order by 2 desc limit 5)
     union all
     (select user_id, 0 from events where tenant_id = $1 and event_type = 'signup' and event_time < $2 limit 200)`,
    [tenantId, new Date(to).toISOString()],
  );
  return rows.map(({ user_id }) => user_id);
}
