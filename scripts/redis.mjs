// Finds or starts a Redis for the tests.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT_MS = 10_000;

/** `{ url, source, stop }`, or `{ reason }` when there is none to be had. */
export async function findRedis() {
  const given = process.env.REDIS_URL;
  if (given !== undefined && given !== '') return { url: given, source: `REDIS_URL`, stop: async () => {} };
  const onPath = hasRedisServer();
  if (!onPath) {
    const problem = installRedis();
    if (problem !== null) return { reason: `REDIS_URL is not set, there is no redis-server on PATH, and ${problem}` };
  }
  return startRedis(onPath ? 'redis-server on PATH' : 'redis-server, just installed');
}

function hasRedisServer() {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/** Null, or why it could not be installed. */
function installRedis() {
  if (process.getuid?.() !== 0) return 'only root may install it';
  if (spawnSync('apt-get', ['--version']).status !== 0) return 'there is no apt-get to install it with';
  process.stderr.write('installing redis-server for the tests …\n');
  // RUNLEVEL=1 keeps the package from starting a server of its own on the default port.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (...words) => spawnSync('apt-get', words, { env, encoding: 'utf8', timeout: 180_000 });
  const install = () => apt('install', '-y', '--no-install-recommends', 'redis-server');
  if (install().status !== 0) apt('update');
  const second = hasRedisServer() ? null : install();
  if (hasRedisServer()) return null;
  return `apt-get could not install it (${(second?.stderr ?? '').trim().split('\n').at(-1)})`;
}

/** A private server on a free port, without persistence. */
async function startRedis(source) {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-redis-'));
  const settings = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
  const server = spawn('redis-server', settings.map(String), { stdio: 'ignore', detached: true });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const stop = async () => {
    server.kill('SIGTERM');
    await Promise.race([ended, sleep(5000).then(() => server.kill('SIGKILL'))]);
    rmSync(dir, { recursive: true, force: true });
  };
  for (let waited = 0; waited < START_TIMEOUT_MS; waited += 50) {
    if (await accepts(port)) return { url: `redis://127.0.0.1:${port}`, source, stop };
    await sleep(50);
  }
  await stop();
  return { reason: 'redis-server did not start' };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true) || socket.destroy());
    socket.once('error', () => resolve(false));
  });
}
