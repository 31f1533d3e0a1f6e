import { isDeepStrictEqual } from 'node:util';
import { round } from '../statistics.mjs';
import { emptyTables } from '../tables.mjs';
import { until } from '../waiting.mjs';

const SOCKETS = 200;
const KEYS = 10;
const EVENTS_PER_SECOND = 100;
const SECONDS = 20;
const SETTLE_MS = 10_000;

/**
 * 200 sockets over ten keys of one tenant while events come in: how regular are their messages, and do they say what REST
 * says?
 *
 * @param {import('../stack.mjs').Stack} stack
 * @param {{tell: (line: string) => void}} options
 */
export async function measureLive(stack, { tell }) {
  const { tenantId, key: writer } = await stack.createTenantKey(['write']);
  const keys = [];
  for (let n = 0; n < KEYS; n++) keys.push((await stack.createTenantKey(['read'], tenantId)).key);
  await emptyTables(stack);
  const worker = await stack.startWorker();
  const sockets = stack.launch('sockets', 'bench/live/sockets.mjs');
  await sockets.next();
  const ask = (action, options) => sockets.ask({ action, options });
  await ask('subscribe', { url: stack.origin, keys, sockets: SOCKETS });
  await ask('forget');
  const path = '/api/v1/events/ingest';
  const load = { port: stack.apiPort, path, key: writer, perSecond: EVENTS_PER_SECOND, seconds: SECONDS };
  await stack.load.ask({ load: 'paced', options: { ...load, badPerSecond: 0, badKeys: [] } });
  const gaps = await ask('gaps');
  tell(
    `live: ${gaps.messages} gaps, p50 ${round(gaps.p50)} ms, p99 ${round(gaps.p99)} ms, at most ${round(gaps.max)} ms`,
  );
  if (gaps.least < SECONDS - 2) throw new Error(`a socket got only ${gaps.least} messages in ${SECONDS} s`);
  const total = await compareWithRest(stack, () => ask('last'), keys[0]);
  await ask('close');
  await sockets.kill();
  await worker.stop();
  return { ...gaps, sockets: SOCKETS, total };
}

/** Once everything is processed, every socket says what REST says. @throws {Error} otherwise */
async function compareWithRest(stack, readLast, key) {
  await stack.untilDrained();
  let difference = '';
  const isEqual = async () => {
    const [message, ...others] = await readLast();
    const { body } = await stack.get(`/analytics/events-by-type?from=${message.from}&to=${message.to}`, key);
    const byType = Object.fromEntries(body.data.map(({ event_type, count }) => [event_type, count]));
    difference = `${others.length + 1} different messages; live ${message.total_events}, REST ${body.total}`;
    const same = message.total_events === body.total && isDeepStrictEqual(message.by_type, byType);
    return others.length === 0 && same && body.total > 0 && body.total;
  };
  let total = 0;
  await until('live and REST agree', async () => (total = await isEqual()), SETTLE_MS, 250).catch((error) => {
    throw new Error(`${error.message}: ${difference}`);
  });
  return total;
}
