import pg from 'pg';
import { emptyTables } from './tables.mjs';
import { until } from './waiting.mjs';

const PATH = '/api/v1/events/ingest';
const CONNECTIONS = 64;
const SEARCH_SECONDS = 5;
const SECONDS = 15;
const QUIET_ROUNDS = 3;
const CHUNK = 100_000;
const LOOK_MS = 20;
const START_TIMEOUT_MS = 60_000;

/**
 * What ingest notices when old events leave: a month that is dropped whole, and one whose events go one by one, half of
 * the given number each. Events come at half of what the machine takes, without and with that beside it.
 *
 * @typedef {{p50_ms: number, p99_ms: number}} Round
 * @typedef {{quiet: Round[], busy: Round[], removed: number, seconds: number, longestLockMs: number, bytesBefore: number,
 *   bytesAfter: number, perSecond: number}} RetentionResult
 *
 * @param {import('./stack.mjs').Stack} stack
 * @param {import('./options.mjs').Options & {tell: (line: string) => void}} options
 * @returns {Promise<RetentionResult>}
 */
export async function measureRetention(stack, { retentionEvents, tell }) {
  await emptyTables(stack);
  const worker = await stack.startWorker();
  const { tenantId, key } = await stack.createTenantKey(['write']);
  const search = { port: stack.apiPort, path: PATH, key, connections: CONNECTIONS, seconds: SEARCH_SECONDS };
  await stack.load.ask({ load: 'singles', options: search });
  const most = await stack.load.ask({ load: 'singles', options: search });
  const perSecond = Math.floor(most.perSecond / 2);
  await stack.untilDrained();
  await fillThePast(stack, tenantId, retentionEvents, tell);

  const ingest = () => stack.loadPaced(key, { perSecond, seconds: SECONDS });
  const result = { quiet: [], busy: [], perSecond, removed: retentionEvents };
  for (let n = 0; n < QUIET_ROUNDS; n++) result.quiet.push(await ingest());
  result.bytesBefore = await sizeOf(stack);
  const locks = await watchLocks(stack);
  const run = await startRun(stack);
  while (await run.isRunning()) result.busy.push(await ingest());
  result.seconds = await run.seconds();
  result.longestLockMs = await locks.end();
  await requireGone(stack, tenantId);
  await stack.pool.query('vacuum events, event_keys');
  result.bytesAfter = await sizeOf(stack);
  await worker.stop();
  tell(
    `retention: ${retentionEvents} events left in ${result.seconds.toFixed(0)} s beside ${perSecond} events/s, p99 ` +
      `${result.quiet.map(({ p99_ms }) => p99_ms.toFixed(1)).join(' ')} → ${result.busy.map(({ p99_ms }) => p99_ms.toFixed(1)).join(' ')} ms`,
  );
  return result;
}

const sizeOf = async (stack) => Number((await stack.one('select pg_database_size(current_database()) as n')).n);

/** A run that is due, as the clock makes them: the worker takes it at its next look. */
async function startRun(stack) {
  const { id } = await stack.one(
    `insert into task_runs (id, task, due) values (uuidv7(), 'events', now()) returning id`,
  );
  const state = async () => (await stack.one('select state from task_runs where id = $1', [id])).state;
  await until('the run', async () => (await state()) !== 'queued', START_TIMEOUT_MS);
  return {
    isRunning: async () => (await state()) === 'running',
    async seconds() {
      const { state, error, seconds } = await stack.one(
        `select state, error, extract(epoch from finished_at - started_at)::float8 as seconds from task_runs where id = $1`,
        [id],
      );
      if (state !== 'completed') throw new Error(`the run of retention ${state}: ${error}`);
      return seconds;
    },
  };
}

/** Five months back: a whole month. From the start of the month that still has days to keep: the other half. */
async function fillThePast(stack, tenantId, count, tell) {
  const { whole, part, cut } = await stack.one(
    `select date_trunc('month', now() - interval '90 days') - interval '2 months' as whole,
            date_trunc('month', now() - interval '91 days') as part, now() - interval '91 days' as cut`,
  );
  const half = Math.floor(count / 2);
  await fill(stack, tenantId, { from: whole, ms: 27 * 86_400_000, count: half });
  await fill(stack, tenantId, { from: part, ms: Math.max(1, cut - part), count: count - half });
  await stack.pool.query('delete from retention_marks'); // a run that came before them has found nothing there
  await stack.pool.query('vacuum analyze events, event_keys');
  await stack.pool.query('checkpoint');
  tell(`${count} events of the past are there`);
}

/** As ingest would have written them, with their rows in the ledger. */
async function fill(stack, tenantId, { from, ms, count }) {
  await stack.pool.query('select ensure_partitions($1, 1)', [from]);
  for (let n = 0; n < count; n += CHUNK) {
    await stack.pool.query(
      `with old as (
         select (substr(uuid7_lower_bound(at)::text, 1, 24) || lpad(to_hex(n), 12, '0'))::uuid as id, at, n
         from generate_series($4::int, least($4::int + ${CHUNK}, $3::int) - 1) n
         cross join lateral (select $2::timestamptz + interval '1 millisecond' * floor(n::float8 * $5 / $3) as at) times
       ), keys as (
         insert into event_keys (key, id)
         select encode(substr(sha256(convert_to($1::text, 'UTF8') || '\\x00' || convert_to('bench', 'UTF8') || '\\x00'
           || convert_to('old ' || at || n, 'UTF8')), 1, 16), 'hex')::uuid, id from old
       )
       insert into events (tenant_id, id, batch_id, client_id, event_id, event_type, user_id, session_id, event_time,
                           received_at, payload)
       select $1::uuid, id, id, 'bench', 'old ' || at || n, 'page_view', 'user-' || n % 10000, 's-' || n % 50000, at, at,
              '{"page": "/cart", "price": 12.5, "currency": "EUR", "position": 3}'
       from old order by id`,
      [tenantId, from, count, n, ms],
    );
  }
}

async function requireGone(stack, tenantId) {
  const { events, keys } = await stack.one(
    `select (select count(*) from events where tenant_id = $1 and id < uuid7_lower_bound(now() - interval '91 days'))::int
              as events,
            (select count(*) from event_keys where id < uuid7_lower_bound(now() - interval '91 days'))::int as keys`,
    [tenantId],
  );
  if (events + keys > 0) throw new Error(`${events} events and ${keys} rows of the ledger are left`);
}

/** The longest that anybody was seen to hold a lock before which all others wait, in milliseconds. */
async function watchLocks(stack) {
  const client = new pg.Client({ connectionString: stack.postgres.url });
  client.on('error', () => undefined);
  await client.connect();
  const since = new Map();
  let longest = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { rows } = await client.query(
        `select l.pid || ' ' || l.relation as lock from pg_locks l join pg_class c on c.oid = l.relation
         where l.mode = 'AccessExclusiveLock' and l.granted and c.relkind in ('r', 'p')
           and c.relnamespace = 'public'::regnamespace`,
      );
      const now = performance.now();
      const held = new Set(rows.map(({ lock }) => lock));
      for (const lock of since.keys()) if (!held.has(lock)) since.delete(lock);
      for (const lock of held) {
        if (!since.has(lock)) since.set(lock, now);
        longest = Math.max(longest, now - since.get(lock) + LOOK_MS);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      await client.end();
      return longest;
    },
  };
}
