// `npm run drill`: is a backup good? Starts Tidemark, loads it, backs it up, destroys it, restores into an empty server,
// and looks: every count, every key, every proof. The data are read only as users of Tidemark read them.
//   --events=N   sample events (default 20,000)
//   --only=copy  a copy of a stopped DATA_DIR; --only=dump  pg_dump, where the machine has a PostgreSQL with its tools
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { findFreePort } from '../dist/local-postgres/ports.js';
import { PrivateServer } from './drill-server.mjs';

const run = promisify(execFile);
const READY_MS = 120_000;
const ENTRIES = 1_500;

const { values: options } = parseArgs({ options: { events: { type: 'string' }, only: { type: 'string' } } });
const events = Number(options.events ?? 20_000);
const folder = mkdtempSync(join(tmpdir(), 'tidemark-drill-'));
chmodSync(folder, 0o755); // a PostgreSQL that root starts works as another user
const started = Date.now();

const say = (text) => console.log(`${((Date.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${text}`);

function check(what, found, wanted) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} after the restore, ${b} before`);
  say(`  ${what}: ${a}`);
}

/** Tidemark as quickstart runs it. */
class Tidemark {
  platformKey = `drill_${randomBytes(24).toString('base64url')}`;

  constructor(dataDir) {
    this.dataDir = dataDir;
  }

  /** @param databaseUrl of its own PostgreSQL when absent */
  async start(sampleEvents, databaseUrl) {
    this.port = await findFreePort('127.0.0.1');
    const { PATH, HOME } = process.env;
    const database = databaseUrl === undefined ? {} : { QUICKSTART_DATABASE_URL: databaseUrl };
    this.settings = { PATH, HOME, DATA_DIR: this.dataDir, ENV_FILE: 'none', RATE_LIMIT_REQUESTS: '1000000' };
    const own = { PORT: `${this.port}`, SAMPLE_EVENTS: `${sampleEvents}`, PLATFORM_API_KEY: this.platformKey };
    this.process = spawn(process.execPath, ['dist/quickstart/main.js'], {
      env: { ...this.settings, ...own, LOG_LEVEL: 'warn', ...database },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    this.process.stdout.on('data', (chunk) => (output += chunk));
    await until('Tidemark is ready', () => {
      if (this.process.exitCode !== null) throw new Error(`quickstart ended:\n${output}`);
      return output.includes('Tidemark is ready');
    });
  }

  async stop() {
    if (this.process === undefined || this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await ended;
  }

  async ask(path, { key = this.platformKey, body } = {}) {
    const headers = { 'X-API-Key': key, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
    const asked = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, asked);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.headers.get('content-type').startsWith('application/json') ? response.json() : response.text();
  }

  /** A command of Tidemark; it fails where the command does. */
  async command(...words) {
    const { stdout } = await run(process.execPath, ['dist/cli.js', ...words, '--json'], { env: this.settings });
    return JSON.parse(stdout);
  }
}

async function until(what, isTrue) {
  for (const end = Date.now() + READY_MS; !(await isTrue()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`waited ${READY_MS / 1_000} s for: ${what}`);
  }
}

/** Events come with the start; entries of the audit trail and a key of a tenant do not. @returns what was kept elsewhere */
async function load(tidemark) {
  for (let n = 0; n < ENTRIES; n += 500) {
    const logs = Array.from({ length: 500 }, (_, i) => ({
      ...{ action_type: 'UPDATE', resource_type: 'order', resource_id: `o-${n + i}`, user_id: `u-${i % 50}` },
      ...{ after_state: { total: n + i }, message: `Order ${n + i} changed`, ip_address: '192.0.2.1' },
    }));
    await tidemark.ask('/api/v1/logs/bulk', { body: { logs } });
  }
  const made = { client_id: 'drill', name: 'Made before the backup', scopes: ['read', 'write'] };
  const { key } = await tidemark.ask('/api/v1/keys', { body: made });
  let size = -1;
  let checkpoint;
  await until('a checkpoint of all entries', async () => {
    checkpoint = await tidemark.ask('/api/v1/logs/checkpoint').catch(() => undefined);
    const isSame = checkpoint?.tree_size === size && size >= ENTRIES;
    size = checkpoint?.tree_size ?? -1;
    return isSame;
  });
  return { key, checkpoint, to: new Date().toISOString() };
}

/** What a user sees of the time until the backup. */
async function look(tidemark, { key, to }) {
  const range = `from=2020-01-01T00:00:00Z&to=${to}`;
  const { total, data } = await tidemark.ask(`/api/v1/analytics/events-by-type?${range}`, { key });
  const { summary } = await tidemark.ask(`/api/v1/analytics?${range}`, { key });
  const entries = await tidemark.ask('/api/v1/logs/stats?resource_type=order&from=2020-01-01T00:00:00Z', { key });
  const newest = await tidemark.ask('/api/v1/events?limit=5', { key });
  return {
    events: total,
    types: data.length,
    users: summary.unique_users,
    entries: entries.total,
    newest: newest.data.map(({ event_id: id }) => id),
  };
}

async function verify(tidemark, held, before) {
  const { key, checkpoint } = held; // made before the backup
  const after = await look(tidemark, held);
  for (const [name, value] of Object.entries(before)) check(name, after[name], value);
  check('counts that differ from the events', (await tidemark.command('recount')).differences.length, 0);
  const [exported, kept] = [join(folder, 'audit.ndjson'), join(folder, 'checkpoint.json')];
  writeFileSync(exported, await tidemark.ask('/api/v1/logs/export?format=ndjson', { key }));
  writeFileSync(kept, JSON.stringify(checkpoint));
  const verdict = await tidemark.command('verify-audit', exported, '--checkpoint', kept);
  check('the audit trail goes on from the checkpoint that was kept', verdict.ok, true);
  await tidemark.ask('/api/v1/events', { key, body: { event_type: 'after_restore', user_id: 'u-1' } });
  await until('a new event is counted', async () => {
    const { data } = await tidemark.ask('/api/v1/analytics/events-by-type', { key });
    return data.some(({ event_type: type, count }) => type === 'after_restore' && count === 1);
  });
  say('  a new event is taken and counted');
}

/** DATA_DIR of a stopped quickstart: the data, the passwords, the key that signs. */
async function drillCopy() {
  say(`a copy of DATA_DIR, ${events} events`);
  const [live, backup] = [join(folder, 'live'), join(folder, 'backup')];
  const first = new Tidemark(live);
  const second = new Tidemark(join(folder, 'restored'));
  try {
    await first.start(events);
    const held = await load(first);
    const before = await look(first, held);
    await first.stop();
    cpSync(live, backup, { recursive: true, preserveTimestamps: true });
    rmSync(live, { recursive: true });
    say('  backed up and destroyed');
    cpSync(backup, second.dataDir, { recursive: true, preserveTimestamps: true });
    await second.start(0);
    await verify(second, held, before);
  } finally {
    await Promise.all([first.stop(), second.stop()]);
  }
}

/** docs/examples/backup.sh and restore.sh, on the PostgreSQL of the machine. */
async function drillDump() {
  say(`pg_dump of a running server, ${events} events`);
  const [live, backup] = [join(folder, 'dump-live'), join(folder, 'dump')];
  const first = new Tidemark(live);
  const second = new Tidemark(join(folder, 'dump-restored'));
  const [original, empty] = [new PrivateServer(join(folder, 'pg-1')), new PrivateServer(join(folder, 'pg-2'))];
  try {
    await original.start();
    await original.makeOwner();
    await first.start(events, original.ownerUrl);
    const held = await load(first);
    const before = await look(first, held);
    await original.checkTraps(backup);
    const signingKey = join(live, 'audit-signing-key.pem');
    await original.sh('backup.sh', backup, {
      BACKUP_DATABASE_URL: original.backupUrl,
      ...(existsSync(signingKey) ? { AUDIT_SIGNING_KEY_FILE: signingKey } : {}),
    });
    await first.stop();
    await original.destroy();
    rmSync(live, { recursive: true });
    say('  backed up and destroyed');
    await empty.start();
    await empty.sh('restore.sh', backup, { RESTORE_SERVER_URL: empty.url });
    await empty.setOwnerPassword();
    mkdirSync(second.dataDir, { mode: 0o700 });
    cpSync(join(backup, 'audit-signing-key.pem'), join(second.dataDir, 'audit-signing-key.pem'));
    await second.start(0, empty.ownerUrl);
    await verify(second, held, before);
  } finally {
    await Promise.all([first.stop(), second.stop()]);
    await Promise.all([original.destroy(), empty.destroy()]);
  }
}

try {
  if (options.only !== 'dump') await drillCopy();
  if (options.only !== 'copy') {
    if (PrivateServer.isInstalled()) await drillDump();
    else say('no drill of pg_dump: this machine has no PostgreSQL server with pg_dump, initdb and psql');
  }
  say('the drill is passed');
} catch (error) {
  say(`NOT PASSED: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
