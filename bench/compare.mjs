// What single events cost this build and another: node bench/compare.mjs FOLDER [rounds [seconds]], with a dist in both
// checkouts. Two APIs share a database and a worker of this build, and are loaded in turn; who begins alternates. An API
// that has metrics is scraped every second meanwhile. Prints its CPU time per event, and the ratio of the two by round.
import { resolve } from 'node:path';
import { findFreePort } from '../dist/local-postgres/ports.js';
import { Stack } from './stack.mjs';
import { quantile, round } from './statistics.mjs';
import { emptyTables, requireRows } from './tables.mjs';
import { sleep, until } from './waiting.mjs';

const [FOLDER, ROUNDS = '20', SECONDS = '4'] = process.argv.slice(2);
const WARM_UP = { requests: 20_000, seconds: 8 };
const PATH = '/api/v1/events/ingest';

const stack = new Stack();

async function startBoth() {
  await stack.start();
  await stack.startApi();
  const port = await findFreePort('127.0.0.1');
  const other = stack.launch('other', resolve(FOLDER, 'dist/main.js'), [], { PORT: String(port) });
  const isReady = async () => {
    if (!other.isRunning) throw other.exitError();
    return (await fetch(`http://127.0.0.1:${port}/api/v1/health/ready`).catch(() => null))?.status === 200;
  };
  await until('the other API is ready', isReady, 60_000);
  await stack.startWorker();
  return { api: stack.apiPort, other: port };
}

/** @returns {Promise<number>} µs of CPU per event */
async function loadOnce(name, port, key, length) {
  await emptyTables(stack);
  const scraping = new AbortController();
  const scraped = scrapeEverySecond(port, scraping.signal);
  const meter = stack.meterCpu();
  const { requests } = await stack.load.ask({
    load: 'singles',
    options: { port, key, path: PATH, connections: 64, ...length },
  });
  const cpu = meter(requests)[name];
  scraping.abort();
  await scraped;
  await stack.untilDrained();
  await requireRows(stack, 'events', requests);
  return cpu;
}

async function scrapeEverySecond(port, signal) {
  const headers = { 'X-API-Key': stack.platformKey };
  while (!signal.aborted) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
    await answer.arrayBuffer();
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}

async function main() {
  const ports = await startBoth();
  const key = await stack.createKey();
  for (const [name, port] of Object.entries(ports)) await loadOnce(name, port, key, WARM_UP);
  const ratios = [];
  const all = { api: [], other: [] };
  for (let n = 0; n < Number(ROUNDS); n++) {
    const names = n % 2 === 0 ? ['api', 'other'] : ['other', 'api'];
    for (const name of names) all[name].push(await loadOnce(name, ports[name], key, { seconds: Number(SECONDS) }));
    ratios.push(all.api.at(-1) / all.other.at(-1));
    console.log(`round ${n + 1}: ${round(all.api.at(-1), 1)} and ${round(all.other.at(-1), 1)} µs per event`);
  }
  const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => round((quantile(ratios, q) - 1) * 100, 1));
  const medians = ['api', 'other'].map((name) => round(quantile(all[name], 0.5), 1));
  console.log(
    `medians: ${medians.join(' and ')} µs per event; by round ${middle} % more (quartiles ${low} and ${high} %)`,
  );
}

try {
  await main();
} finally {
  await stack.end();
}
process.exit();
