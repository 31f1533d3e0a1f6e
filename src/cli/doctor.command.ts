import type pg from 'pg';
import type { Config } from '../platform/config/config.js';
import { Client } from '../platform/database/pg-client.js';
import { sessionOf } from '../platform/database/session.js';
import { findExcessRights, PROPER_LOGIN } from '../platform/database/login-check.js';
import { compareSchema, describeSchemaFault } from '../platform/database/schema-version.js';
import { probeRedis, UnfitRedisError } from '../platform/redis/redis-fitness.js';
import { explainRefusal } from '../platform/database/server-checks.js';
import { parseUuid, uuid7Time } from '../platform/database/uuid7.js';
import { DAY_MS } from '../platform/time/time.js';
import { checkClickHouse } from './clickhouse-check.js';
import { AGE_OF_OLDEST_BATCH, LIST_PARTITIONS, OLDEST_UNSEALED, SERVER_CLOCK, SERVER_SETTINGS } from './doctor-sql.js';
import { type OutputOptions, print, table } from './output.js';
import { checkStorage } from './storage-check.js';

interface Finding {
  check: string;
  ok: boolean;
  /** What was found and, when it is not right, what to do. */
  detail: string;
}

/** Exit code 1 when something is wrong. */
class DoctorFoundProblems extends Error {}

export async function doctor(config: Config, { json }: OutputOptions): Promise<void> {
  const findings = await examine(config);
  const ok = findings.every((finding) => finding.ok);
  const rows = findings.map((finding) => [finding.ok ? 'ok' : 'WRONG', finding.check, finding.detail]);
  print(json, { ok, findings }, table(['', 'check', 'finding'], rows));
  if (!ok) throw new DoctorFoundProblems('Something is wrong; the lines marked WRONG say what to do.');
}

async function examine(config: Config): Promise<Finding[]> {
  const { onConnect, ...servers } = sessionOf(config.DATABASE_URL, 'tidemark_system');
  const client = new Client({ ...servers, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await onConnect(client);
  } catch (error) {
    const { message } = error as Error;
    const detail = explainRefusal(error) ?? `${message}; check DATABASE_URL and that PostgreSQL runs`;
    return [{ check: 'database', ok: false, detail }, await checkQueue(config)];
  }
  try {
    return [
      await checkServer(client),
      await checkLogin(client),
      await checkClock(client),
      await checkMigrations(client),
      await checkPartitions(client),
      await checkBacklog(client),
      await checkSealing(client),
      await checkStorage(client, config),
      await checkQueue(config),
      await checkClickHouse(client, config),
    ];
  } finally {
    await client.end();
  }
}

async function checkServer(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ version: string; number: number; fsync: string; fpw: string }>(SERVER_SETTINGS);
  const { version, number, fsync, fpw } = rows[0]!; // a select without from has one row
  const wrong = [
    number < 150_000 && 'PostgreSQL 15 or newer is needed',
    fsync === 'off' && 'set fsync = on, or acknowledged events can be lost',
    fpw === 'off' && 'set full_page_writes = on, or a crash can corrupt data',
  ].filter((text) => text !== false);
  return { check: 'database', ok: wrong.length === 0, detail: [`PostgreSQL ${version}`, ...wrong].join('; ') };
}

/** As what else SQL that gets past the service could run. */
async function checkLogin(client: pg.Client): Promise<Finding> {
  const excess = await findExcessRights(client);
  if (excess.length === 0) return { check: 'login', ok: true, detail: 'has the rights of the service and no more' };
  const detail = `the login of DATABASE_URL ${excess.join(', ')}; API and worker refuse it: ${PROPER_LOGIN}`;
  return { check: 'login', ok: false, detail };
}

async function checkClock(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ now: number }>(SERVER_CLOCK);
  const skew = Math.round(Math.abs(Date.now() - (rows[0]?.now ?? 0)));
  const ok = skew <= 2_000;
  return { check: 'clock', ok, detail: `${skew} ms from the database${ok ? '' : '; keep both machines on NTP'}` };
}

async function checkMigrations(client: pg.Client): Promise<Finding> {
  try {
    const fault = describeSchemaFault(await compareSchema(client));
    return { check: 'migrations', ok: fault === undefined, detail: fault ?? 'up to date' };
  } catch (error) {
    return { check: 'migrations', ok: false, detail: (error as Error).message };
  }
}

/** Partitions must reach at least three days ahead, or ingest stops when the month ends. */
async function checkPartitions(client: pg.Client): Promise<Finding> {
  const needed = monthOf(Date.now() + 3 * DAY_MS);
  const { rows } = await client.query<{ parent: string; months: string[] }>(LIST_PARTITIONS);
  const ends = rows.map(({ parent, months }) => ({ parent, end: endOfRoom(months) }));
  const short = ends.filter(({ end }) => end < needed).map(({ parent }) => parent);
  const ok = rows.length > 0 && short.length === 0;
  const lacking =
    short.length === 0 ? 'there are none' : `${short.join(', ')} lack room for ${needed.replace('_', '-')}`;
  const end = ends.map((table) => table.end).sort()[0] ?? '';
  const detail = ok
    ? `${rows.length} tables have room until the end of ${end.replace('_', '-')} (UTC)`
    : `${lacking}; start a worker, which makes them, or run the migrations`;
  return { check: 'partitions', ok, detail };
}

/** `2026_11`, as in the names of partitions. */
const monthOf = (time: number): string => new Date(time).toISOString().slice(0, 7).replace('-', '_');

/** The last of the months that follow one another from this one on; empty when this one is missing. */
function endOfRoom(months: readonly string[]): string {
  const now = new Date();
  for (let n = 0, end = ''; ; n++) {
    const month = monthOf(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + n));
    if (!months.includes(month)) return end;
    end = month;
  }
}

/** Whether audit entries get their place in the tree, and with it their proof. */
async function checkSealing(client: pg.Client): Promise<Finding> {
  try {
    const { rows } = await client.query<{ id: string }>(OLDEST_UNSEALED);
    const [oldest] = rows;
    if (oldest === undefined)
      return { check: 'sealing', ok: true, detail: 'no audit entry waits for its place in the tree' };
    const age = Math.max(0, Math.round((Date.now() - uuid7Time(parseUuid(oldest.id))) / 1_000));
    const ok = age < 60;
    const detail = `the oldest audit entry without a place in the tree waits ${age} s`;
    return { check: 'sealing', ok, detail: ok ? detail : `${detail}; is a worker running, and does it log why?` };
  } catch (error) {
    return { check: 'sealing', ok: false, detail: `${(error as Error).message}; run the migrations` };
  }
}

async function checkBacklog(client: pg.Client): Promise<Finding> {
  try {
    const { rows } = await client.query<{ age: number | null }>(AGE_OF_OLDEST_BATCH);
    const age = Math.round(rows[0]?.age ?? 0);
    const ok = age < 60;
    return {
      check: 'backlog',
      ok,
      detail: ok ? `oldest waits ${age} s` : `oldest waits ${age} s; is a worker running?`,
    };
  } catch (error) {
    return { check: 'backlog', ok: false, detail: `${(error as Error).message}; run the migrations` };
  }
}

async function checkQueue(config: Config): Promise<Finding> {
  const { REDIS_URL, REDIS_CA_FILE } = config;
  if (REDIS_URL === undefined) return { check: 'queue', ok: true, detail: 'in PostgreSQL (REDIS_URL is not set)' };
  try {
    await probeRedis({ REDIS_URL, REDIS_CA_FILE });
    return { check: 'queue', ok: true, detail: 'Redis answers and takes writes' };
  } catch (error) {
    const { message } = error as Error;
    const detail = error instanceof UnfitRedisError ? message : `${message}; check REDIS_URL`;
    return { check: 'queue', ok: false, detail: `${detail.replace(/\.$/, '')}. Events are safe meanwhile` };
  }
}
