import { emptyTables, requireCounted, requireRows } from './tables.mjs';

const CONNECTIONS = 64;
/** V8 has compiled what is hot after some 15,000 requests to Nest; a slow machine shall not need minutes for them. */
const WARM_UP = { requests: 20_000, seconds: 6 };
const PATH = '/api/v1/events/ingest';

/**
 * One event per request, against ours and two bare servers in turn. Our worker runs, as in production.
 *
 * @typedef {{perSecond: number, p50_ms: number, p99_ms: number, requests: number, cpuShare: number, cpu: Record<string, number>}} SinglesRound
 * @typedef {{ours: SinglesRound[], express: SinglesRound[], node: SinglesRound[]}} SinglesResult
 *
 * @param {import('./stack.mjs').Stack} stack
 * @param {import('./memory.mjs').MemoryWatch} memory
 * @param {import('./options.mjs').Options & {key: string, tell: (line: string) => void}} options
 * @returns {Promise<SinglesResult>}
 */
export async function measureSingles(stack, memory, { rounds, seconds, key, tell }) {
  const targets = [
    { name: 'ours', port: stack.apiPort, key },
    { name: 'express', port: await stack.startReference('nest-express') },
    { name: 'node', port: await stack.startReference('node-http') },
  ];
  const worker = await stack.startWorker();
  memory.watch('worker', worker.pid);
  memory.noteIdle('worker');
  /** @type {SinglesResult} */
  const results = { ours: [], express: [], node: [] };
  for (const target of targets) await loadOnce(stack, target, WARM_UP);
  for (let n = 1; n <= rounds; n++) {
    for (const target of targets) results[target.name].push(await loadOnce(stack, target, { seconds }));
    const figures = targets.map(({ name }) => `${name} ${Math.round(results[name].at(-1).perSecond)}`);
    tell(`single, round ${n}: ${figures.join(', ')} requests/s`);
  }
  await worker.stop();
  return results;
}

/** What our round leaves to the worker is done before the next one starts. */
async function loadOnce(stack, { name, port, key }, length) {
  if (name === 'ours') await emptyTables(stack);
  const options = { port, key, path: PATH, connections: CONNECTIONS, ...length };
  const meter = stack.meterCpu();
  const result = await stack.load.ask({ load: 'singles', options });
  if (name === 'ours') await stack.untilDrained();
  const cpu = meter(result.requests);
  if (name === 'ours') {
    await requireRows(stack, 'events', result.requests);
    await requireCounted(stack, result.requests);
  }
  return { ...result, cpu };
}
