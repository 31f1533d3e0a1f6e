import { isDeepStrictEqual } from 'node:util';
import { round } from '../statistics.mjs';
import { emptyTables } from '../tables.mjs';
import { watchMemory } from '../memory.mjs';
import { sleep, until } from '../waiting.mjs';

const SOCKETS = 200;
const KEYS = 10;
const EVENTS_PER_SECOND = 100;
const LOG_SOCKETS = 50;
const ENTRIES_PER_SECOND = 30;
const SECONDS = 60;
const SETTLE_MS = 10_000;

/**
 * 200 sockets over ten keys of one tenant while events come in: how regular are their messages, and do they say what REST
 * says? And 50 readers of the audit log while entries come in and the worker is started anew: does each get every entry
 * once, in the same order? How far does the memory of the API grow?
 *
 * @param {import('../stack.mjs').Stack} stack
 * @param {{tell: (line: string) => void}} options
 */
export async function measureLive(stack, { tell }) {
  const { tenantId, key: writer } = await stack.createTenantKey(['write']);
  const createKeys = async () => {
    const made = [];
    for (let n = 0; n < KEYS; n++) made.push((await stack.createTenantKey(['read'], tenantId)).key);
    return made;
  };
  const [keys, logKeys] = [await createKeys(), await createKeys()]; // of each only so many connections may be open
  await emptyTables(stack);
  let worker = await stack.startWorker();
  const sockets = stack.launch('sockets', 'bench/live/sockets.mjs');
  await sockets.next();
  const ask = (action, options) => sockets.ask({ action, options });
  const memory = watchMemory([...stack.children].find(({ name }) => name === 'api').pid);
  await ask('subscribe', { url: stack.origin, keys, sockets: SOCKETS });
  await ask('readLogs', { url: stack.origin, keys: logKeys, sockets: LOG_SOCKETS });
  await ask('forget');
  const [entries] = await Promise.all([
    record(stack, writer),
    stack.loadPaced(writer, { perSecond: EVENTS_PER_SECOND, seconds: SECONDS }),
    sleep((SECONDS / 2) * 1_000)
      .then(() => worker.stop())
      .then(async () => (worker = await stack.startWorker())),
  ]);
  const gaps = await ask('gaps');
  await compareLogs(entries, () => ask('logs'));
  const grownMegabytes = memory.end() - memory.before;
  tell(
    `live: ${gaps.messages} gaps, p50 ${round(gaps.p50)} ms, p99 ${round(gaps.p99)} ms, at most ${round(gaps.max)} ms; ` +
      `${entries.length} entries once and in order at ${LOG_SOCKETS} readers; API + ${round(grownMegabytes)} MiB`,
  );
  if (gaps.least < SECONDS - 2) throw new Error(`a socket got only ${gaps.least} messages in ${SECONDS} s`);
  const total = await compareWithRest(stack, () => ask('last'), keys[0]);
  await ask('close');
  await sockets.kill();
  await worker.stop();
  return { ...gaps, sockets: SOCKETS, total, logReaders: LOG_SOCKETS, entries: entries.length, grownMegabytes };
}

/** Audit entries at an even pace. @returns {Promise<string[]>} their ids, in the order of the answers */
async function record(stack, key) {
  const ids = [];
  const start = performance.now();
  for (let n = 0; n < ENTRIES_PER_SECOND * SECONDS; n++) {
    await sleep(start + (n * 1_000) / ENTRIES_PER_SECOND - performance.now());
    const entry = { action_type: 'UPDATE', resource_type: 'order', resource_id: String(n), message: `entry ${n}` };
    ids.push((await stack.send('POST', '/logs', key, entry)).body.id);
  }
  return ids;
}

/** @throws {Error} unless every reader has got what was recorded, in that order */
async function compareLogs(entries, read) {
  let difference = '';
  const isEqual = async () => {
    const [first, ...others] = await read();
    difference = `${others.length + 1} different readers, ${first.length} of ${entries.length} entries`;
    return others.length === 0 && isDeepStrictEqual(first, entries);
  };
  await until('every reader has every entry', isEqual, SETTLE_MS, 250).catch((error) => {
    throw new Error(`${error.message}: ${difference}`);
  });
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
