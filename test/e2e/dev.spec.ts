import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../../src/local-postgres/processes.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/redis.js';

/** What a clone has, and what was built of it. */
const PROJECT = ['dashboard', 'dist', 'migrations', 'scripts', 'src', 'package.json', 'package-lock.json'];
const SETTINGS = ['nest-cli.json', 'nest-cli.dev.json', 'tsconfig.json', 'tsconfig.build.json'];
const TIMEOUT_MS = 180_000;

describe('npm run dev', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-dev-'));
  const source = join(folder, 'src', 'platform', 'health', 'health.service.ts');
  let port: number;
  let dev: ChildProcess;
  let output = '';

  beforeAll(async () => {
    for (const name of [...PROJECT, ...SETTINGS]) {
      cpSync(name, join(folder, name), { recursive: true, preserveTimestamps: true });
    }
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    port = await freePort();
    const settings = { DATA_DIR: join(folder, '.data'), PORT: String(port), SAMPLE_EVENTS: '0', LOG_LEVEL: 'warn' };
    dev = spawn('npm', ['run', 'dev'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    dev.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await says(`Tidemark is ready on http://localhost:${port}\n`);
    await says('watching src and migrations');
  }, TIMEOUT_MS);

  afterAll(() => {
    if (dev.exitCode === null) process.kill(-dev.pid!, 'SIGKILL');
  });

  const says = (text: string, from = 0) =>
    eventually(() => {
      if (dev.exitCode !== null) throw new Error(`npm run dev ended with ${dev.exitCode}:\n${output}`);
      if (!output.slice(from).includes(text)) throw new Error(`it does not say "${text}":\n${output}`);
    }, TIMEOUT_MS);

  const ask = async (path: string, key = '') => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, { headers: { 'X-API-Key': key } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  const change = (from: string, to: string) => {
    const text = readFileSync(source, 'utf8');
    expect(text).toContain(from);
    writeFileSync(source, text.replace(from, to));
  };

  it('says the address and a key that may do everything', async () => {
    const [, key] = /sign in with (\S+), which may do everything/.exec(output)!;
    expect(await ask('/auth/info', key)).toMatchObject({
      status: 200,
      body: { scopes: expect.arrayContaining(['platform']) },
    });
  });

  it(
    'goes on with what was built before when a change has errors, and starts again with one that has none',
    async () => {
      let seen = output.length;
      change('Math.round(process.uptime())', 'missing');
      await says('what was built before goes on running', seen);
      expect((await ask('/health')).body).toMatchObject({ uptime_s: expect.any(Number) as number });
      seen = output.length;
      change('missing', '-1');
      await says('restarted with the new build', seen);
      expect((await ask('/health')).body).toMatchObject({ uptime_s: -1 });
    },
    TIMEOUT_MS,
  );

  it('ends everything it started on Ctrl-C', async () => {
    const lock = join(folder, '.data', 'quickstart.lock');
    const { pid, children } = JSON.parse(readFileSync(lock, 'utf8')) as {
      pid: number;
      children: Record<string, number>;
    };
    const postmaster = Number(readFileSync(join(folder, '.data', 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    const exited = once(dev, 'exit');
    process.kill(-dev.pid!, 'SIGINT'); // as the terminal does: to npm and all it has started
    await exited;
    const pids = [pid, postmaster, ...Object.values(children)];
    expect(pids.length).toBe(5); // with the compiler
    await eventually(() => expect(pids.filter((one) => isAlive(one))).toEqual([]));
    expect(output).toMatch(/stopped\n$/);
  }, 60_000);
});
