// Archives of the audit trail at size: node bench/archives.mjs [entries], 200,000 by default. Needs `npm run build` before.
// Archives, removes, searches and restores entries of 40 days ago; prints how long it took and how much memory grew.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blankContent, newEntry, RECORDED_ACTIONS } from '../dist/audit/entries/entry.js';
import { AuditEntryWriter } from '../dist/audit/entries/entry-writer.js';
import { watchMemory } from './memory.mjs';
import { Stack } from './stack.mjs';
import { round } from './statistics.mjs';

const ENTRIES = Number(process.argv[2] ?? 200_000);
const ENTRIES_PER_LOAD = 5_000;
/** A search reads at most 500,000, and those of the archive that begins where it ends count too. */
const ENTRIES_PER_SEARCH = 450_000;
const MOST_MEGABYTES = 100;
const AGE_MS = 40 * 86_400_000;

const stack = new Stack();

/** Entries as if they had been recorded then: ids get their time from the clock. */
async function load(tenantId) {
  await stack.pool.query(`select ensure_partitions(now() - interval '2 months', 3)`);
  const { now } = Date;
  Date.now = () => now() - AGE_MS;
  const writer = new AuditEntryWriter(undefined);
  for (let from = 0; from < ENTRIES; from += ENTRIES_PER_LOAD) {
    const entries = Array.from({ length: Math.min(ENTRIES_PER_LOAD, ENTRIES - from) }, (_, n) => {
      const content = {
        ...blankContent(RECORDED_ACTIONS[n % 4], 'page', `R-${(from + n) % 50_000}`),
        ...{ status: 'Success', user_id: `user-${n % 1000}`, message: `User ${n % 1000} opened page ${from + n}` },
        ...{ functionality: 'Authenticate', event_type: 'Login' },
        metadata: { browser: 'Firefox', path: `/shop/items/${n % 5000}`, duration_ms: n % 977 },
      };
      return newEntry(content, { tenantId, clientId: 'bench', keyId: null });
    });
    await writer.append(stack.pool, entries);
  }
  Date.now = now;
}

async function sealed(tenantId) {
  const sizeOf = `select signed_size::float8 as size from audit_trees where tenant_id = $1`;
  while (((await stack.one(sizeOf, [tenantId]))?.size ?? 0) < ENTRIES) await sleep(100);
  await stack.pool.query('vacuum analyze audit_leaves, audit_nodes, audit_entries');
}

/** Runs `work` and says how long it took and how far the memory of `child` grew, from `loaded` where that is given. */
async function measure(name, child, work, loaded) {
  const memory = watchMemory(child.pid);
  const start = performance.now();
  const answer = await work();
  const grown = memory.end() - (loaded ?? memory.before);
  const seconds = (performance.now() - start) / 1_000;
  const isMissed = grown > MOST_MEGABYTES;
  if (isMissed) process.exitCode = 1;
  console.log(
    `${name.padEnd(24)} ${round(seconds)} s, ${round(ENTRIES / seconds)} entries/s, + ${round(grown)} MiB${isMissed ? '   MISSED' : ''}`,
  );
  return answer;
}

/** From the first archives, as many as one search reads: these have as many entries each, the last one perhaps fewer. */
function spanOf(archives) {
  const oldest = archives.toSorted((a, b) => a.first_leaf - b.first_leaf);
  const read = oldest.slice(0, Math.floor(ENTRIES_PER_SEARCH / oldest[0].entries));
  return { from: read[0].occurred_from, to: read.at(-1).occurred_from };
}

/** Of one that loads the same and does next to nothing. */
async function memoryOfCommand() {
  const other = stack.launch('list', 'dist/cli.js', ['list-tenants', '--json']);
  const memory = watchMemory(other.pid);
  await other.exited;
  return memory.end();
}

async function main() {
  await stack.start();
  stack.env.ARCHIVE_DIR = join(stack.folder, 'archive');
  stack.env.AUDIT_RETENTION_DAYS = '30';
  const { api } = await stack.startApi();
  const { tenantId, key } = await stack.createTenantKey(['admin']);
  await load(tenantId);
  stack.env.AUDIT_RETENTION_DAYS = '36500'; // or the worker, which catches up at start, would archive them first
  await stack.startWorker();
  await sealed(tenantId);
  await stack.get('/logs?limit=1000&from=2020-01-01T00:00:00Z', key); // what the first request loads is no growth
  const loaded = await memoryOfCommand();
  const run = ['run-retention', '--task=audit', '--json'];
  const cleaning = stack.launch('clean', 'dist/cli.js', run, { AUDIT_RETENTION_DAYS: '30' });
  const code = await measure('archive and remove', cleaning, () => cleaning.exited, loaded);
  if (code !== 0) throw cleaning.exitError();
  const { data: archives } = (await stack.get('/logs/archives', key)).body;
  const sum = (member) => archives.reduce((total, archive) => total + archive[member], 0);
  if (sum('entries') !== ENTRIES) throw new Error(`archived ${JSON.stringify(archives)}`);
  console.log(`${'archives'.padEnd(24)} ${archives.length}, ${round(sum('bytes') / ENTRIES)} bytes an entry`);
  const { from, to } = spanOf(archives);
  await measure('search in archives', api, () =>
    stack.get(
      `/audit-events/search?include_archived=true&user=user-7&page_size=100&from_date=${from}&to_date=${to}`,
      key,
    ),
  );
  for (const { file } of archives) {
    const restoring = stack.launch('restore', 'dist/cli.js', ['restore-archive', file, '--json']);
    await measure(`restore ${file.split('/').at(-1)}`, restoring, () => restoring.exited, loaded);
  }
  const rows = await stack.one('select count(*)::int as n from audit_entries where restored_until is not null');
  if (rows.n !== ENTRIES) throw new Error(`${rows.n} came back`);
}

try {
  await main();
} finally {
  await stack.end();
}
