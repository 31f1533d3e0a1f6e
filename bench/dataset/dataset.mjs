import { availableParallelism } from 'node:os';
import pg from 'pg';
import { uuid7 } from '../../dist/platform/database/uuid7.js';
import { DAY_MS, spreadOverDays } from './shop.mjs';

const DAYS = 35;
const SEED = 20_261;
const MARK = 'bench_dataset';
const GRANULARITIES = ['minute', 'hour', 'day'];
const ROLLUPS = [
  ...tables(['event_rollups', 'event_totals'], [...GRANULARITIES, 'ten_minutes']),
  ...tables(['processing_rollups', 'processing_totals'], GRANULARITIES),
];
const OPTIONAL = ['user_days', 'session_days'];

const INDEXES = `
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
from pg_index where indrelid = 'events'::regclass and not indisprimary`;

/**
 * @typedef {object} Dataset
 * @property {string} tenantId
 * @property {number} events
 * @property {number} from in milliseconds; start of the first day
 * @property {number} to end of the last day
 */

/** @returns {Promise<Dataset | undefined>} what was loaded before */
export async function findDataset(stack, events) {
  await stack.pool.query(`create table if not exists ${MARK} (tenant_id uuid, events bigint, until timestamptz)`);
  const found = await stack.one(`select tenant_id, until from ${MARK} where events = $1`, [events]);
  return found === undefined ? undefined : describe(found.tenant_id, events, found.until.getTime());
}

/**
 * Writes a data set of `events` events into the database of `stack`: 35 days that end with the last midnight (UTC), four
 * clients, 20 types, 150 events per user, every rollup; no ledger rows (event_keys), which no query reads.
 *
 * @param {import('../stack.mjs').Stack} stack
 * @param {number} events
 * @param {(line: string) => void} tell
 */
export async function loadDataset(stack, events, tell) {
  const start = performance.now();
  const tenantId = uuid7();
  await stack.pool.query('insert into tenants (id, name) values ($1, $2)', [tenantId, `data set of ${events} events`]);
  const until = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  await stack.pool.query('select ensure_partitions($1, 3)', [new Date(until - DAYS * DAY_MS).toISOString()]);
  const { rows: indexes } = await stack.pool.query(INDEXES);
  for (const { name } of indexes) await stack.pool.query(`drop index ${name}`);
  await loadDays(stack, { events, tenantId, until, tell });
  tell(`${events} events written in ${seconds(start)} s`);
  for (const { definition } of indexes) await buildIndex(stack.postgres.url, definition);
  tell(`indexes after ${seconds(start)} s`);
  await stack.pool.query('vacuum (analyze)');
  await stack.pool.query('checkpoint');
  await stack.pool.query(`insert into ${MARK} values ($1, $2, $3)`, [tenantId, events, new Date(until).toISOString()]);
  tell(`data set of ${events} events ready after ${seconds(start)} s`);
}

function tables(names, granularities) {
  return names.flatMap((name) => granularities.map((granularity) => `${name}_${granularity}`));
}

const describe = (tenantId, events, until) => ({ tenantId, events, from: until - DAYS * DAY_MS, to: until });
const seconds = (start) => Math.round((performance.now() - start) / 1_000);

async function loadDays(stack, { events, tenantId, until, tell }) {
  const tables = [...ROLLUPS, ...(await existing(stack, OPTIONAL))];
  const counts = spreadOverDays(events, DAYS, until);
  const days = counts.map((count, day) => ({ day, count, dayMs: until - (DAYS - day) * DAY_MS }));
  const common = { url: stack.postgres.url, seed: SEED, total: events, tenantId, tables };
  let written = 0;
  await Promise.all(
    Array.from({ length: availableParallelism() }, async (_, n) => {
      const worker = stack.launch(`dataset-${n}`, 'bench/dataset/worker.mjs');
      await worker.next();
      for (let day = days.pop(); day !== undefined; day = days.pop()) {
        written += await worker.ask({ ...common, ...day });
        if (days.length % 5 === 0) tell(`${written} of ${events} events`);
      }
      await worker.kill();
    }),
  );
}

async function existing(stack, tables) {
  const { names } = await stack.one(
    'select coalesce(array_agg(name) filter (where to_regclass(name) is not null), $2) as names from unnest($1::text[]) as name',
    [tables, []],
  );
  return names;
}

async function buildIndex(url, definition) {
  const options = '-c maintenance_work_mem=1GB -c max_parallel_maintenance_workers=2';
  const client = new pg.Client({ connectionString: url, options });
  await client.connect();
  await client.query(definition.replace(' ON ONLY ', ' ON ')); // of all partitions
  await client.end();
}
