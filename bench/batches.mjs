import { dropCopyTable, emptyTables, makeCopyTable, requireCounted, requireRows } from './tables.mjs';

const CONNECTIONS = 8;
const EVENTS_PER_REQUEST = 500;
const WARM_UP_REQUESTS = 40;
const PATH = '/api/v1/events/batch';

const SECONDS_SINCE_FIRST = `
select extract(epoch from clock_timestamp() - min(processed_at))::float8 as seconds from ingest_batches`;

/**
 * Batches into ours, then the worker over what they left, then the same rows by COPY. One after the other: while the
 * batches come no worker runs, and while it works nothing comes. Figures are events per second.
 *
 * @typedef {{perSecond: number, cpu?: Record<string, number>}} BatchesFigure
 * @typedef {{ingest: BatchesFigure[], drain: BatchesFigure[], copy: BatchesFigure[]}} BatchesResult
 *
 * @param {import('./stack.mjs').Stack} stack
 * @param {import('./memory.mjs').MemoryWatch} memory
 * @param {import('./options.mjs').Options & {key: string, tell: (line: string) => void}} options
 * @returns {Promise<BatchesResult>}
 */
export async function measureBatches(stack, memory, { rounds, seconds, key, tell }) {
  await measureRound(stack, memory, key, WARM_UP_REQUESTS);
  const warm = await measureRound(stack, memory, key, WARM_UP_REQUESTS);
  // Every side gets the same number of events: what ours takes in the given time.
  const requests = Math.max(WARM_UP_REQUESTS, Math.ceil((warm.ingest.perSecond * seconds) / EVENTS_PER_REQUEST));
  tell(`batches: ${requests} requests of ${EVENTS_PER_REQUEST} events a round`);
  /** @type {BatchesResult} */
  const results = { ingest: [], drain: [], copy: [] };
  for (let n = 1; n <= rounds; n++) {
    const figures = await measureRound(stack, memory, key, requests);
    for (const name of Object.keys(results)) results[name].push(figures[name]);
    const shown = Object.entries(figures).map(([name, { perSecond }]) => `${name} ${Math.round(perSecond)}`);
    tell(`batches, round ${n}: ${shown.join(', ')} events/s`);
  }
  return results;
}

async function measureRound(stack, memory, key, requests) {
  await emptyTables(stack);
  const events = requests * EVENTS_PER_REQUEST;
  const ingest = await ingestRound(stack, key, requests);
  await requireRows(stack, 'events', events);
  const drain = await drainRound(stack, memory, events);
  await requireCounted(stack, events);
  await emptyTables(stack);
  return { ingest, drain, copy: await copyRound(stack, requests) };
}

async function ingestRound(stack, key, requests) {
  const options = { port: stack.apiPort, key, path: PATH, connections: CONNECTIONS, requests };
  const meter = stack.meterCpu();
  const { perSecond, events } = await stack.load.ask({ load: 'batches', options });
  return { perSecond, cpu: meter(events) };
}

/**
 * From the moment the worker claims its first batch until nothing waits, both by PostgreSQL's clock: starting a Node
 * process is not the subject. The worker may have done everything before it says that it is ready.
 */
async function drainRound(stack, memory, events) {
  await stack.pool.query('checkpoint');
  const drained = stack.untilDrained(10).then(() => stack.one(SECONDS_SINCE_FIRST));
  const [worker, { seconds }] = await Promise.all([stack.startWorker(), drained]);
  memory.watch('worker', worker.pid);
  memory.look();
  await worker.stop();
  return { perSecond: events / seconds };
}

async function copyRound(stack, requests) {
  const table = await makeCopyTable(stack);
  const options = { url: stack.postgres.url, table, commits: requests };
  const meter = stack.meterCpu();
  const { perSecond, rows } = await stack.load.ask({ load: 'copy', options });
  const cpu = meter(rows);
  await requireRows(stack, table, rows);
  await dropCopyTable(stack);
  return { perSecond, cpu };
}
