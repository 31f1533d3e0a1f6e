// The audit trail at size: node bench/audit.mjs [entries [folder]], 1,000,000 by default. Needs `npm run build` before.
// Prints one line for each figure: sealing, search, listing, statistics, exports with the growth of memory, the check of
// an export, inserts. A folder keeps the loaded entries for the next run. Ends with 1 when a limit is missed.
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { blankContent, newEntry, RECORDED_ACTIONS, SEVERITIES } from '../dist/audit/entries/entry.js';
import { AuditEntryWriter } from '../dist/audit/entries/entry-writer.js';
import { Stack } from './stack.mjs';
import { quantile, round } from './statistics.mjs';

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const FOLDER = process.argv[3];
const ENTRIES_PER_LOAD = 5_000;
const SEARCHES = 100;
const LIMITS = { searchMs: 100, exportMegabytes: 100, csvPerSecond: 50_000, sealedPerSecond: 5_000 };
const RESOURCES = ['invoice', 'order', 'user', 'page', 'price'];
/** Of the newest entry. */
let loadedAt = Date.now();

/** One entry in ten thousand has "needle", one in a thousand "seldom", one in a hundred "sometimes", all have "page". */
function makeEntry(n, recorder) {
  const words = [`User ${n % 1000} opened page number ${n}`];
  if (n % 100 === 0) words.push('sometimes');
  if (n % 1000 === 0) words.push('seldom');
  if (n % 10000 === 0) words.push('needle');
  if (n < ENTRIES / 10) words.push('ancient');
  const content = {
    ...blankContent(RECORDED_ACTIONS[n % 4], RESOURCES[n % 5], `R-${n % 50_000}`),
    ...{ severity: SEVERITIES[n % 5] ?? 'INFO', status: 'Success', user_id: `user-${n % 1000}` },
    ...{ message: words.join(' '), occurred_at: loadedAt - (ENTRIES - n) * 500 },
    metadata: { browser: 'Firefox', path: `/shop/items/${n % 5000}`, duration_ms: n % 977 },
  };
  return newEntry(content, recorder);
}

const QUERIES = {
  'a word all have': 'q=page',
  'a word in 1 of 100': 'q=sometimes',
  'a word in 1 of 1,000': 'q=seldom',
  'a word in 1 of 10,000': 'q=needle',
  'a word only old entries have (a tenth)': 'q=ancient',
  'a word none has': 'q=nowhere',
  'two words, one rare': 'q=page%20needle',
  'beginning of a word': 'q=need*',
  'a rare word and a field': 'q=needle&action_type=CREATE',
  'a frequent word and a rare field': 'q=page&user_id=user-7',
  'a frequent word on one old day': 'q=page&from=OLD_FROM&to=OLD_TO',
  'a rare word on one old day': 'q=needle&from=OLD_FROM&to=OLD_TO',
  'part of a message': 'message=number%20777',
  'no text, newest': 'limit=50',
  'no text, one user': 'user_id=user-7',
  'no text, one resource': 'resource_type=page&resource_id=R-3',
};

const stack = new Stack(FOLDER === undefined ? {} : { dataDir: join(FOLDER, 'data') });
const say = (name, value, holds = true) => {
  console.log(`${name.padEnd(52)} ${value}${holds ? '' : '   MISSED'}`);
  if (!holds) process.exitCode = 1;
};

async function main() {
  await stack.start();
  const { tenantId, key } = await load();
  await measureSealing(tenantId);
  const { api } = await stack.startApi();
  for (const [name, query] of Object.entries(QUERIES)) await measureSearch(name, query, key);
  await measure('stats over everything', `/logs/stats?${everything()}`, key, 3);
  const idle = memoryOf(api);
  for (const format of ['csv', 'xlsx', 'ndjson']) {
    await measureExport(`${format} with filters`, `format=${format}&${everything()}`, { key, api, idle });
  }
  await measureProofs({ key, api, idle });
  await measureInserts(key);
}

/** A tenant with entries as the service makes them, or that of the run before. */
async function load() {
  const note = FOLDER === undefined ? undefined : join(FOLDER, 'loaded.json');
  if (note !== undefined && existsSync(note)) {
    const loaded = JSON.parse(readFileSync(note, 'utf8'));
    loadedAt = loaded.loadedAt;
    return loaded;
  }
  const { api } = await stack.startApi();
  const { tenantId, key } = await stack.createTenantKey(['admin']);
  await api.stop();
  const start = performance.now();
  const writer = new AuditEntryWriter(undefined);
  let written = Promise.resolve();
  for (let from = 0; from < ENTRIES; from += ENTRIES_PER_LOAD) {
    const count = Math.min(ENTRIES_PER_LOAD, ENTRIES - from);
    const entries = Array.from({ length: count }, (_, n) =>
      makeEntry(from + n, { tenantId, clientId: 'bench', keyId: null }),
    );
    await written;
    written = writer.append(stack.pool, entries);
  }
  await written;
  say('loaded in', `${round((performance.now() - start) / 1_000)} s`);
  await stack.pool.query('vacuum analyze audit_entries');
  const { bytes } = await stack.one(
    `select sum(pg_total_relation_size(inhrelid))::float8 as bytes from pg_inherits where inhparent = 'audit_entries'::regclass`,
  );
  say('entries', `${ENTRIES}, ${round(bytes / ENTRIES)} bytes each with indexes`);
  if (note !== undefined) writeFileSync(note, JSON.stringify({ tenantId, key, loadedAt }));
  return { tenantId, key };
}

/** How fast a worker gives everything that waits its place in the tree. */
async function measureSealing(tenantId) {
  const sizeOf = async () =>
    (await stack.one('select tree_size::float8 as size from audit_trees where tenant_id = $1', [tenantId]))?.size ?? 0;
  const before = await sizeOf();
  if (before >= ENTRIES) return;
  const worker = stack.launch('worker', 'dist/worker.js');
  while ((await sizeOf()) === before) await sleep(20);
  const [start, first] = [performance.now(), await sizeOf()];
  while ((await sizeOf()) < ENTRIES) await sleep(20);
  const rate = (ENTRIES - first) / ((performance.now() - start) / 1_000);
  say(
    'sealing',
    `${round(rate)} entries/s, memory of the worker ${round(memoryOf(worker))} MiB`,
    rate >= LIMITS.sealedPerSecond,
  );
  await worker.stop();
  await stack.pool.query('vacuum analyze audit_leaves, audit_nodes, audit_unsealed');
}

const iso = (ms) => new Date(ms).toISOString();
const spanMs = ENTRIES * 500;
const everything = () => `from=${iso(loadedAt - spanMs - 60_000)}`;

async function measureSearch(name, query, key) {
  const oldest = loadedAt - spanMs * 0.9;
  const text = query.replace('OLD_FROM', iso(oldest)).replace('OLD_TO', iso(oldest + 86_400_000));
  const path = `/logs?${text.includes('from=') ? '' : `${everything()}&`}${text}`;
  await measure(name, path, key, SEARCHES, LIMITS.searchMs);
}

async function measure(name, path, key, times, limitMs = Infinity) {
  const took = [];
  let found = 0;
  for (let n = 0; n < times + 2; n++) {
    const start = performance.now();
    const response = await fetch(stack.url(path), { headers: { 'X-API-Key': key } });
    const answer = await response.json();
    if (n >= 2) took.push(performance.now() - start);
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    found = answer.data?.length ?? answer.total;
  }
  const [p50, p99] = [0.5, 0.99].map((share) => round(quantile(took, share), 1));
  say(name, `p50 ${p50} ms, p99 ${p99} ms, ${found} found`, p99 <= limitMs);
}

const memoryOf = ({ pid }, what = 'VmRSS') =>
  Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;

/** @param to a file, or nothing to count the bytes only; memory is compared with that before the first export */
async function measureExport(name, query, { key, api, idle }, to = '/dev/null') {
  let [highest, bytes] = [0, 0];
  const watching = setInterval(() => (highest = Math.max(highest, memoryOf(api))), 50);
  const start = performance.now();
  // Not fetch: while its reader waits for the disk it buffers without end, and takes ever longer for each part of that.
  const response = await new Promise((resolve, reject) =>
    get(stack.url(`/logs/export?${query}`), { headers: { 'X-API-Key': key } }, resolve).on('error', reject),
  );
  if (response.statusCode !== 200) throw new Error(`${query}: ${response.statusCode}`);
  response.on('data', (chunk) => (bytes += chunk.length));
  await pipeline(response, createWriteStream(to));
  clearInterval(watching);
  const seconds = (performance.now() - start) / 1_000;
  const megabytes = round(bytes / 2 ** 20);
  say(
    `export as ${name}`,
    `${round(ENTRIES / seconds)} entries/s, ${megabytes} MiB, memory ${round(idle)} → ${round(highest)} MiB`,
    highest - idle <= LIMITS.exportMegabytes && (!name.startsWith('csv') || ENTRIES / seconds >= LIMITS.csvPerSecond),
  );
}

/** The whole trail with its proofs, and the check of the file without the service. */
async function measureProofs(run) {
  const file = join(stack.folder, 'export.ndjson');
  const { body: kept } = await stack.get('/logs/checkpoint', run.key);
  writeFileSync(join(stack.folder, 'kept.json'), JSON.stringify(kept));
  const worker = stack.launch('worker', 'dist/worker.js'); // seals the entry of the export
  await measureExport('ndjson, complete', 'format=ndjson', run, file);
  await worker.stop();
  const words = ['dist/cli.js', 'verify-audit', file, '--checkpoint', join(stack.folder, 'kept.json')];
  const start = performance.now();
  const check = spawn(process.execPath, [...words, '--public-key', kept.public_key], { stdio: 'pipe' });
  let [highest, answer] = [0, ''];
  for (const output of [check.stdout, check.stderr]) output.on('data', (text) => (answer += text));
  const watching = setInterval(() => (highest = Math.max(highest, memoryOf(check))), 50);
  const code = await new Promise((resolve) => check.once('exit', resolve));
  clearInterval(watching);
  if (code !== 0) throw new Error(`verify-audit: ${answer}`);
  say('verify-audit', `${round((performance.now() - start) / 1_000, 1)} s, memory ${round(highest)} MiB`);
}

async function measureInserts(key) {
  const entry = (n) => ({
    ...{
      action_type: 'UPDATE',
      resource_type: 'invoice',
      resource_id: `I-${n}`,
      user_id: 'jdoe',
      message: `Change ${n}`,
    },
    ...{ before_state: { status: 'open', amount: n }, after_state: { status: 'paid', amount: n } },
  });
  const send = async (path, body) => {
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
    const response = await fetch(stack.url(path), { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  const rate = async (name, path, bodies, entries) => {
    const start = performance.now();
    await Promise.all(
      bodies.map(async (stream) => {
        for (const body of stream) await send(path, body);
      }),
    );
    say(name, `${round(entries / ((performance.now() - start) / 1_000))} entries/s`);
  };
  const streams = (count, each, make) =>
    Array.from({ length: count }, () => Array.from({ length: each }, (_, n) => make(n)));
  await rate('one by one, 16 connections', '/logs', streams(16, 100, entry), 1_600);
  const thousand = () => ({ logs: Array.from({ length: 1_000 }, (_, n) => entry(n)) });
  await rate('a thousand at a time, 2 connections', '/logs/bulk', streams(2, 10, thousand), 20_000);
}

try {
  await main();
} finally {
  await stack.end();
}
