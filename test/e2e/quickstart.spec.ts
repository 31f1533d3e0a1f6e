import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { RUNNING_FILE } from '../../src/local-postgres/running-instance.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/redis.js';

const PLANTED = {
  PLATFORM_API_KEY: 'planted-platform-key-0123456789',
  JWT_SECRET: 'planted-jwt-secret-0123456789abcdef012345',
  AWS_SECRET_ACCESS_KEY: 'planted-cloud-secret',
  PGPASSWORD: 'planted-postgres-password',
  DATABASE_PASSWORD: 'planted-database-password',
};

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

function environmentOf(pid: number): string[] {
  if (process.platform === 'linux') {
    return existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean) : [];
  }
  return execFileSync('ps', ['eww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).split(' ');
}

function childrenOf(pid: number): number[] {
  const rows = lines(execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }));
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([own, parent]) => (parent === pid ? [own!] : []));
}

/** What somebody else may do with the files of `folder`, as in `644 path`. */
function openToOthers(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name);
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0; // PostgreSQL removes files meanwhile
    return (mode & 0o077) === 0 ? [] : [`${(mode & 0o777).toString(8)} ${path}`];
  });
}

describe('quickstart', () => {
  // Below a folder that root's PostgreSQL cannot enter by itself, as a fresh clone in /root is.
  const dataDir = join(mkdtempSync(join(tmpdir(), 'tidemark-quickstart-')), 'data');
  let port: number;
  let quickstart: ChildProcess;
  let output = '';

  beforeAll(async () => {
    mkdirSync(dataDir, { mode: 0o755 });
    // Of another program: quickstart must not touch its database.
    writeFileSync(join(dataDir, '..', '.env'), 'DATABASE_URL=postgresql://other:planted-url@127.0.0.1:1/other\n');
    port = await freePort();
    quickstart = spawn(process.execPath, [join(process.cwd(), 'dist', 'quickstart', 'main.js')], {
      cwd: join(dataDir, '..'),
      env: {
        ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], ...PLANTED },
        ...{ DATA_DIR: dataDir, PORT: String(port), SAMPLE_EVENTS: '0', LOG_LEVEL: 'warn' },
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    quickstart.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await eventually(() => {
      if (quickstart.exitCode !== null) throw new Error(`quickstart exited with ${quickstart.exitCode}:\n${output}`);
      expect(output).toContain(`Tidemark is ready on http://localhost:${port}\n`);
    }, 120_000);
  }, 130_000);

  afterAll(async () => {
    const exited = once(quickstart, 'exit');
    quickstart.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }, 60_000);

  const password = () => readFileSync(join(dataDir, 'postgres.password'), 'utf8').trim();
  const servicePids = () => {
    const { children } = JSON.parse(readFileSync(join(dataDir, 'quickstart.lock'), 'utf8')) as {
      children: Record<string, number>;
    };
    return Object.values(children);
  };

  it('shows PostgreSQL no key, no password and no setting', () => {
    const postmaster = Number(lines(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'))[0]);
    const pids = [postmaster, ...childrenOf(postmaster)];
    expect(pids.length).toBeGreaterThan(3);
    // The others write their titles over theirs, so names are to be seen in that of the first only.
    const names = environmentOf(postmaster).map((entry) => entry.split('=')[0]);
    expect(['PATH', 'HOME', 'TMPDIR', 'TZ', 'LC_ALL', 'LD_LIBRARY_PATH']).toEqual(expect.arrayContaining(names));
    for (const pid of pids) expect(environmentOf(pid).join(' ')).not.toContain('planted');
  });

  it('gives API and worker their settings, and neither the rest of the environment nor the owner’s password', () => {
    expect(servicePids()).toHaveLength(2);
    for (const pid of servicePids()) {
      const environment = environmentOf(pid);
      expect(environment).toContain(`PLATFORM_API_KEY=${PLANTED.PLATFORM_API_KEY}`);
      expect(environment.join(' ')).not.toMatch(
        /planted-cloud-secret|planted-postgres-password|planted-database|planted-url|DATABASE_MIGRATION_URL/,
      );
      expect(environment.join(' ')).not.toContain(password());
    }
  });

  it('lets them log in as a member of the two roles only', async () => {
    const [, , , serverPort] = lines(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'));
    const client = new pg.Client(`postgresql://tidemark:${password()}@127.0.0.1:${serverPort}/tidemark`);
    await client.connect();
    const { rows } = await client.query<{ usename: string; roles: string[] }>(
      `select distinct usename::text, array(select roleid::regrole::text from pg_auth_members
                                            where member = usesysid order by 1) as roles
       from pg_stat_activity where application_name like 'tidemark-%'`,
    );
    await client.end();
    expect(rows).toEqual([{ usename: 'tidemark_runtime', roles: ['tidemark_app', 'tidemark_system'] }]);
  });

  it('keeps its data from everybody else', () => {
    expect((statSync(dataDir).mode & 0o777).toString(8)).toBe('700');
    expect(openToOthers(dataDir)).toEqual([]);
    for (const name of ['postgres.password', 'postgres.runtime-login', 'audit-signing-key.pem', RUNNING_FILE]) {
      expect((statSync(join(dataDir, name)).mode & 0o777).toString(8)).toBe('600');
    }
  });

  it('leaves a database alone that it was not given for itself, and says so', () => {
    expect(output).toMatch(
      /not using DATABASE_URL, DATABASE_PASSWORD: quickstart has a PostgreSQL of its own; QUICKSTART_/,
    );
  });

  it('prints addresses that answer', async () => {
    const urls = [...new Set(output.match(/http:\/\/[^\s,]+/g))];
    expect(urls.length).toBeGreaterThan(3);
    const statuses = await Promise.all(urls.map(async (url) => [url, (await fetch(url)).status]));
    expect(statuses).toEqual(urls.map((url) => [url, url.endsWith('/queues') ? 401 : 200]));
  });

  it('says how to get a key again, by a command that finds it without any setting of a database', async () => {
    const [, words] = /DATA_DIR=data npm run cli -- (create-key .*platform) makes one/.exec(output)!;
    const cli = [join(process.cwd(), 'dist', 'cli.js'), ...words!.split(' ')];
    const env = { PATH: process.env['PATH'], DATA_DIR: 'data', ENV_FILE: 'none' };
    const made = execFileSync(process.execPath, cli, { cwd: join(dataDir, '..'), env, encoding: 'utf8' });
    const headers = { 'X-API-Key': /^tmk_\S+/.exec(made)![0] };
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/auth/info`, { headers });
    expect(await answer.json()).toMatchObject({ scopes: ['platform'] });
  });

  it('says that it waits for Redis, and ends when it is told to meanwhile', async () => {
    const env = { PATH: process.env['PATH'], PORT: '0', REDIS_URL: 'redis://127.0.0.1:1', ENV_FILE: 'none' };
    const waiting = spawn(process.execPath, ['dist/quickstart/main.js'], {
      env: { ...env, DATA_DIR: join(dataDir, '..', 'other') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    waiting.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually(() => expect(said).toMatch(/waiting for the Redis of REDIS_URL \(.*ECONNREFUSED/), 20_000);
    const exited = once(waiting, 'exit');
    waiting.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }, 30_000);

  it('listens on 127.0.0.1 only', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/health/ready`)).status).toBe(200);
    // Another address of the same machine; macOS, which lacks it, times out.
    const socket = connect({ port, host: '127.0.0.2', timeout: 2_000 });
    socket.once('timeout', () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    await expect(once(socket, 'connect')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ECONNREFUSED|ETIMEDOUT|EADDRNOTAVAIL)$/) as string,
    });
  });
});
