// `npm test`: every test against a real PostgreSQL, and against a real Redis and in a real browser when there is one to
// be had.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findChromium } from './chromium.mjs';
import { prepare, root } from './prepare.mjs';
import { findRedis } from './redis.mjs';

/** A file system of Linux that needs no disk: tests wait for thousands of commits, and no test switches the machine off. */
const MEMORY = '/dev/shm';
const ROOM = 6 * 1024 ** 3;

await prepare();
const redis = await findRedis();
const ran = redis.url === undefined ? `NOT run, because ${redis.reason}` : `run against ${redis.source}`;
const chromium = findChromium();
const browserRan = chromium.path === undefined ? `NOT run, because ${chromium.reason}` : `run in ${chromium.source}`;
process.stderr.write(`PostgreSQL: the embedded one. Redis tests: ${ran}. Browser tests: ${browserRan}.\n`);
const scratch = makeFolder(tmpdir());
const databases = hasRoomInMemory() ? makeFolder(MEMORY) : scratch;
let code;
try {
  code = await runJest(process.argv.slice(2));
} finally {
  await stopServers();
  await redis.stop?.();
  for (const folder of [scratch, databases]) rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(
  `\nTests ${code === 0 ? 'passed' : 'FAILED'}. PostgreSQL tests: run. Redis tests: ${ran}. Browser tests: ${browserRan}.\n`,
);
if (redis.url === undefined) {
  process.stdout.write('To run them too: install redis-server, or set REDIS_URL to a Redis that may be emptied.\n');
}
if (chromium.path === undefined) {
  process.stdout.write('To run the browser tests too: install chromium, or set CHROMIUM_PATH.\n');
}
process.exit(code);

/** For temporary files of the tests. Open to all, because root runs PostgreSQL as another user. */
function makeFolder(parent) {
  const folder = mkdtempSync(join(parent, 'tidemark-tests-'));
  chmodSync(folder, 0o755);
  return folder;
}

function hasRoomInMemory() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, freemem()) > ROOM;
  } catch {
    return false;
  }
}

/** Signals are passed on, and jest gets the time to stop its PostgreSQL. */
function runJest(words) {
  const env = { ...process.env, NODE_ENV: 'test', TMPDIR: scratch, TEST_DATABASES: databases };
  delete env.TEST_REDIS_URL;
  delete env.TEST_CHROMIUM;
  env.TEST_REDIS_REASON = redis.reason ?? '';
  env.TEST_CHROMIUM_REASON = chromium.reason ?? '';
  if (redis.url !== undefined) env.TEST_REDIS_URL = redis.url;
  if (chromium.path !== undefined) env.TEST_CHROMIUM = chromium.path;
  const jest = spawn(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...words], {
    env,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => jest.kill(signal));
  return new Promise((resolve) => jest.once('exit', (exitCode) => resolve(exitCode ?? 1)));
}

/** A jest that was interrupted leaves its PostgreSQL running. */
async function stopServers() {
  const { isPostmaster, readPidFile, stopServer } = await import('../dist/local-postgres/postgres-server.js');
  const folders = [...new Set([scratch, databases])].flatMap((parent) =>
    readdirSync(parent).map((name) => join(parent, name)),
  );
  for (const folder of folders) {
    const directory = join(folder, 'postgres');
    const file = readPidFile(directory);
    if (file !== null && isPostmaster(file.pid, directory)) await stopServer(file.pid, { directory });
  }
}
