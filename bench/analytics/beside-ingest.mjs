import { quantile } from '../statistics.mjs';

const HEAVY = ['funnel', 'breakdown', 'retention', 'dashboard'];
const EVENTS_PER_SECOND = 100;
const SECONDS = 8;
const ROUNDS = 8;

/**
 * What heavy queries, one after the other without a pause, cost those who send events: p99 without and with them, in turn.
 * @returns {Promise<{quiet: number[], busy: number[]}>} milliseconds, a round each
 */
export async function measureIngestBeside(stack, { key, queries, tell }) {
  const worker = await stack.startWorker();
  const writer = await stack.createKey();
  const ingest = async (seconds, perSecond = EVENTS_PER_SECOND) =>
    (await stack.loadPaced(writer, { perSecond, seconds })).p99_ms;
  const heavy = queries.filter(({ name }) => HEAVY.includes(name));
  const figures = { quiet: [], busy: [] };
  await ingest(8, 500); // until its code is compiled
  for (let n = 0; n < ROUNDS; n++) {
    figures.quiet.push(await ingest(SECONDS));
    const stop = keepAsking(stack, key, heavy);
    figures.busy.push(await ingest(SECONDS));
    const asked = await stop();
    tell(`ingest p99 ${figures.quiet[n].toFixed(1)} → ${figures.busy[n].toFixed(1)} ms beside ${asked} heavy queries`);
  }
  await worker.stop();
  return { quiet: [quantile(figures.quiet, 0.5)], busy: [quantile(figures.busy, 0.5)] };
}

function keepAsking(stack, key, queries) {
  let isOver = false;
  let asked = 0;
  const running = (async () => {
    while (!isOver) {
      const { path, body } = queries[asked % queries.length].ask(1_000 + asked);
      await stack.send(body === undefined ? 'GET' : 'POST', path, key, body);
      asked += 1;
    }
  })();
  return async () => {
    isOver = true;
    await running;
    return asked;
  };
}
