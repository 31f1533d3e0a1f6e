import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import type { Outcome } from '../support/logins.js';

type Env = Record<string, string>;

const built = (file: string) => join(process.cwd(), 'dist', `${file}.js`);
const folder = () => mkdtempSync(join(tmpdir(), 'tidemark-settings-'));

/** Wrong in ways that are seen before anything is opened. */
const WRONG: Env = {
  CORS_ORIGINS: 'https://app.example.com/',
  TRUST_PROXY: 'true',
  JWT_PRIVATE_KEY: 'no-key',
  AUDIT_SIGNING_KEY: 'no-key',
  API_KEY_HEADERS: 'X-Key:',
  AUDIT_ORIGIN: 'our audit',
  PORT: '80000',
  KEEP_ALIVE_SECONDS: '0',
  REDIS_URL: 'localhost:6379',
};

/** Settings act, or stop the process by their name: the real processes, each with settings that are wrong. */
describeDatabase('settings', {}, (database) => {
  let busy: Server;
  let port: string;

  beforeAll(async () => {
    busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    port = String((busy.address() as { port: number }).port);
  });

  afterAll(() => busy.close());

  /** One process to its end, with nothing of our environment but the way to Node. */
  const run = (file: string, env: Env, { words = [] as string[], cwd = folder() } = {}): Promise<Outcome> =>
    new Promise((resolve) => {
      const settings = { PATH: process.env['PATH'], DB_POOL_SIZE: '4', ...env };
      execFile(process.execPath, [built(file), ...words], { env: settings, cwd, timeout: 30_000 }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  const needed = () => ({ DATABASE_URL: database.url, PORT: '0', WORKER_HEALTH_PORT: '0', LOG_LEVEL: 'error' });
  const expectRefusal = ({ code, err }: Outcome, ...said: string[]) => {
    expect(said.filter((text) => !err.includes(text))).toEqual([]);
    expect(err).not.toMatch(/\n\s+at |\.js:\d+|Error:/); // no stack, no class name
    expect(code).toBe(1);
  };

  it.each([
    ['main', []],
    ['worker', []],
    ['cli', ['list-tenants']],
    ['quickstart/main', []],
  ])('that are wrong stop %s, each by its name and without a stack', async (file, words) => {
    const outcome = await run(file, { ...needed(), DATA_DIR: folder(), ...WRONG }, { words });
    expectRefusal(outcome, ...Object.keys(WRONG).map((name) => `  ${name} must be`));
  });

  const files = folder();
  const noKey = join(files, 'no-key.pem');
  writeFileSync(noKey, 'no key\n');
  const below = join(noKey, 'below'); // a file is no folder, for root neither

  it.each<[file: string, name: string, value: () => string, also: string]>([
    ['main', 'LOG_DIR', () => below, 'folder that can be written to'],
    ['main', 'HOST', () => '192.0.2.1', 'is not an address of this machine'],
    ['main', 'PORT', () => port, 'is in use by another program'],
    ['worker', 'HOST', () => '192.0.2.1', 'is not an address of this machine'],
    ['worker', 'WORKER_HEALTH_PORT', () => port, 'is in use by another program'],
    ['worker', 'AUDIT_SIGNING_KEY_FILE', () => noKey, 'Ed25519 private key'],
    ['worker', 'AUDIT_SIGNING_KEY_FILE', () => below, 'cannot be read or made'],
    ['worker', 'AUDIT_PREVIOUS_SIGNING_KEY_FILE', () => join(files, 'none.pem'), 'cannot be read'],
    ['worker', 'AUDIT_CHECKPOINT_LOG', () => below, 'file that can be written to'],
    ['quickstart/main', 'HOST', () => '192.0.2.1', 'is not an address of this machine'],
    ['quickstart/main', 'QUICKSTART_DATABASE_URL', () => 'localhost', 'must be a URL starting with postgres://'],
    ['quickstart/main', 'QUICKSTART_DATABASE_URL', () => 'postgres://me@127.0.0.1:1/none', 'does not answer'],
  ])('of %s that cannot be used stop it: %s', async (file, name, value, also) => {
    expectRefusal(await run(file, { ...needed(), DATA_DIR: folder(), [name]: value() }), name, also);
  });

  it('that name a login or a database that PostgreSQL refuses stop each process with a sentence', async () => {
    const none = Object.assign(new URL(database.url), { pathname: '/none-of-that-name' }).toString();
    const outcomes = await Promise.all(
      ['main', 'worker'].map((file) => run(file, { ...needed(), DATABASE_URL: none })),
    );
    for (const outcome of outcomes) expectRefusal(outcome, 'DATABASE_URL', 'none-of-that-name');
  });

  const started = async (
    file: string,
    env: Env,
    cwd: string,
    work: (child: ChildProcess, log: () => string) => unknown,
  ) => {
    const child = spawn(process.execPath, [built(file)], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    try {
      await eventually(() => {
        if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}:\n${log}`);
        if (!/listening on|working/.test(log)) throw new Error(`${file} does not say that it runs:\n${log}`);
      }, 30_000);
      await work(child, () => log);
    } finally {
      child.kill('SIGKILL');
    }
  };

  it('stand in .env for migrations, API, worker and commands; the environment wins; passwords are any text', async () => {
    const login = `settings_${process.pid}`;
    const ownerUrl = new URL(database.ownerUrl);
    const lines = [
      `DATABASE_URL=${Object.assign(new URL(database.url), { username: login, password: '' }).toString()}`,
      `DATABASE_PASSWORD='p@ss/w#rd?%25 $x"'`,
      `DATABASE_MIGRATION_PASSWORD='${decodeURIComponent(ownerUrl.password)}'`,
      `DATABASE_MIGRATION_URL=${Object.assign(ownerUrl, { password: '' }).toString()}`,
      'PLATFORM_API_KEY=Zq83-settings-of-a-file-17',
      'RATE_LIMIT_REQUESTS=77',
      'RATE_LIMIT_REQUEST=78',
      'PORT=1', // of the administrator
    ];
    const cwd = folder();
    writeFileSync(join(cwd, '.env'), `\uFEFF${lines.join('\n')}\n`);
    const env = { PATH: process.env['PATH']!, PORT: '0', WORKER_HEALTH_PORT: '0', DB_POOL_SIZE: '4' };
    try {
      const migrated = await run('cli', env, { words: ['migrate'], cwd });
      expect(migrated).toMatchObject({ code: 0, out: expect.stringContaining(`The login ${login} was created.`) });
      expect(migrated.err).toContain(
        'RATE_LIMIT_REQUEST is not a setting and changes nothing. Did you mean RATE_LIMIT_',
      );
      const listed = await run('cli', env, { words: ['list-tenants'], cwd });
      expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('default') });
      await started('worker', env, cwd, (_child, log) => expect(log()).toContain('Did you mean RATE_LIMIT_REQUESTS?'));
      await started('main', env, cwd, async (_child, log) => {
        expect(log()).toContain('Did you mean RATE_LIMIT_REQUESTS?');
        const [, url] = /listening on (http:[^"\s]+)/.exec(log())!;
        const headers = { 'X-API-Key': 'Zq83-settings-of-a-file-17' };
        const answer = await fetch(`${url}/api/v1/auth/info`, { headers });
        expect([answer.status, answer.headers.get('ratelimit-limit')]).toEqual([200, '77']);
      });
    } finally {
      const owner = new pg.Client(database.ownerUrl);
      await owner.connect();
      await owner.query(`drop role if exists ${login}`);
      await owner.end();
    }
  }, 120_000); // four processes, one after the other

  it('of a broken .env, or of one that is named and not there, stop every process with its name', async () => {
    const broken = folder();
    writeFileSync(join(broken, '.env'), 'PORT=3000\nPLATFORM_API_KEY: planted-secret\n');
    const noFile = folder();
    mkdirSync(join(noFile, '.env'));
    const each = async (files: string[], cwd: string, env: Env, ...said: string[]) => {
      const outcomes = files.map((file) =>
        run(file, { ...needed(), DATA_DIR: join(cwd, 'data'), ...env }, { words: ['list-tenants'], cwd }),
      );
      for (const outcome of await Promise.all(outcomes)) {
        expectRefusal(outcome, ...said);
        expect(outcome.err + outcome.out).not.toContain('planted-secret');
      }
    };
    await each(
      ['main', 'worker', 'quickstart/main', 'cli'],
      broken,
      {},
      `${join(broken, '.env')}, line 2: this is neither NAME=value nor a comment.`,
    );
    await each(['cli'], noFile, {}, `${join(noFile, '.env')} cannot be read`);
    await each(['cli'], broken, { ENV_FILE: '/nowhere/.env' }, 'ENV_FILE /nowhere/.env cannot be read');
    expect((await run('cli', { ...needed(), ENV_FILE: 'none' }, { words: ['list-tenants'], cwd: broken })).code).toBe(
      0,
    );
  }, 120_000); // seven processes
});
