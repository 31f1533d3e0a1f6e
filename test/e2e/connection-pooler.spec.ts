import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/local-postgres/ports.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { ServerChecks } from '../../src/platform/database/server-checks.js';
import { TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TestWorker } from '../support/worker.js';

/** PgBouncer in front of the PostgreSQL of the tests. */
class PgBouncer {
  private folder: string;
  private process: ChildProcess | undefined;
  url: string;

  async start(databaseUrl: string, settings: Record<string, string>): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
    const target = new URL(databaseUrl);
    const port = await findFreePort('127.0.0.1');
    const users = join(this.folder, 'users.txt');
    const [name, password] = [target.username, target.password].map(decodeURIComponent) as [string, string];
    writeFileSync(users, `"${name}" "${password}"\n`);
    const own = {
      listen_addr: '127.0.0.1',
      listen_port: port,
      unix_socket_dir: '',
      auth_type: 'plain',
      auth_file: users,
    };
    const all = { ...own, max_client_conn: 300, default_pool_size: 80, ...settings };
    const lines = Object.entries(all).map(([setting, value]) => `${setting} = ${value}`);
    const file = join(this.folder, 'pgbouncer.ini');
    writeFileSync(
      file,
      `[databases]\n* = host=${target.hostname} port=${target.port}\n[pgbouncer]\n${lines.join('\n')}\n`,
    );
    for (const path of [this.folder, users, file]) chmodSync(path, 0o755); // started by root it works as another user
    const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    this.process = spawn('pgbouncer', ['-q', ...asUser, file], { stdio: 'ignore' });
    const through = new URL(databaseUrl);
    through.host = `127.0.0.1:${port}`;
    this.url = through.toString();
    await eventually(() => canConnect(port));
  }

  async stop(): Promise<void> {
    if (this.process?.kill('SIGKILL') === true) await once(this.process, 'exit');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function canConnect(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

/** As its manual says for drivers that send more than it knows: it drops them without a word. */
const DROPS_OPTIONS = { ignore_startup_parameters: 'extra_float_digits,options' };

const SETTINGS_OF_SESSION = `select current_user::text as role, current_setting('synchronous_commit') as commit,
  current_setting('timezone') as zone, current_setting('statement_timeout') as timeout,
  current_setting('plan_cache_mode') as plans, current_setting('jit') as jit`;

describeDatabase('behind PgBouncer', { needs: 'pgbouncer' }, (database) => {
  const pgBouncer = new PgBouncer();
  afterEach(() => pgBouncer.stop());

  const openDatabase = (url: string) => new Database(loadConfig({ DATABASE_URL: url }));
  const check = async (url: string) => {
    const opened = openDatabase(url);
    try {
      await ServerChecks.passed(opened);
    } finally {
      await opened.onApplicationShutdown();
    }
  };

  it('each pool has the role and the settings that it has without it, though the start-up options are dropped', async () => {
    await pgBouncer.start(database.url, { ...DROPS_OPTIONS, pool_mode: 'session' });
    const describePools = async (url: string) => {
      const opened = openDatabase(url);
      try {
        const pools = [opened.ingest, opened.query, opened.system, opened.health];
        return await Promise.all(
          pools.map(async (pool) => (await pool.query<{ role: string }>(SETTINGS_OF_SESSION)).rows[0]),
        );
      } finally {
        await opened.onApplicationShutdown();
      }
    };
    const direct = await describePools(database.url);
    expect(direct.map((session) => session?.role)).toEqual(
      ['tidemark_system', 'tidemark_app', 'tidemark_system', 'tidemark_app'], // as Database says
    );
    expect(await describePools(pgBouncer.url)).toEqual(direct);
  });

  it('events are counted, and tenants see only their own', async () => {
    await pgBouncer.start(database.url, { ...DROPS_OPTIONS, pool_mode: 'session' });
    const [api, worker] = [new TestApi(), new TestWorker()];
    try {
      await Promise.all([api.launch(pgBouncer.url), worker.launch(pgBouncer.url)]);
      const keys = await Promise.all(
        ['One', 'Other'].map(async (name) => api.createKey(await api.createTenant(name), ['read', 'write'])),
      );
      for (const [n, key] of keys.entries()) {
        const sent = await api.post('/events/ingest', { event_type: `of_${n}`, user_id: `u-${n}` }, key);
        expect(sent.status).toBe(202);
      }
      for (const [n, key] of keys.entries()) {
        await eventually(async () => {
          const { body } = await api.get<{ total: number }>('/analytics/events-by-type', key);
          expect(body.total).toBe(1);
        });
        const { body } = await api.get<{ data: { event_type: string }[] }>('/events', key);
        expect(body.data.map(({ event_type: type }) => type)).toEqual([`of_${n}`]);
      }
    } finally {
      await Promise.all([api.stop(), worker.stop()]);
    }
  }, 60_000);

  it('that pools transactions, a start is refused with a sentence, as sessions would be mixed up', async () => {
    await pgBouncer.start(database.url, { ...DROPS_OPTIONS, pool_mode: 'transaction' });
    await expect(check(pgBouncer.url)).rejects.toThrow(/pool_mode = session/);
  });

  it('that hands out sessions in turn as well', async () => {
    await pgBouncer.start(database.url, { ...DROPS_OPTIONS, pool_mode: 'transaction', server_round_robin: '1' });
    await expect(check(pgBouncer.url)).rejects.toThrow(/pool_mode = session/);
  });

  it('that refuses start-up options, the sentence says which setting is missing', async () => {
    await pgBouncer.start(database.url, { pool_mode: 'session' });
    await expect(check(pgBouncer.url)).rejects.toThrow(/ignore_startup_parameters = extra_float_digits,options/);
  });
});
