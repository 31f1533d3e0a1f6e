import { spawnSync } from 'node:child_process';
import { TestApi } from './api.js';
import { TestDatabase } from './database.js';
import { findPreviousVersion } from './previous-version.js';
import { flushTestRedis, testRedisUrl } from './redis.js';
import { TestWorker } from './worker.js';

const isInstalled = (program: string, versionFlag = '-v'): boolean =>
  spawnSync(program, [versionFlag], { stdio: 'ignore' }).status === 0;

/** What a machine may lack; scripts/test.mjs looks for it and says what it found. */
const NEEDS = {
  redis: { isFound: () => testRedisUrl !== undefined, otherwise: process.env['TEST_REDIS_REASON'] },
  'redis-server': { isFound: () => isInstalled('redis-server'), otherwise: 'there is no redis-server on PATH' },
  nginx: { isFound: () => isInstalled('nginx'), otherwise: 'there is no nginx on PATH' },
  haproxy: {
    isFound: () => isInstalled('haproxy'),
    otherwise: 'there is no haproxy on PATH (Debian: apt-get install --no-install-recommends haproxy)',
  },
  prometheus: {
    isFound: () => isInstalled('prometheus', '--version') && isInstalled('promtool', '--version'),
    otherwise: 'there is no prometheus on PATH (Debian: apt-get install --no-install-recommends prometheus)',
  },
  pgbouncer: { isFound: () => isInstalled('pgbouncer', '--version'), otherwise: 'there is no pgbouncer on PATH' },
  history: {
    isFound: () => findPreviousVersion() !== '',
    otherwise: 'git does not know the version before the newest migration',
  },
  chromium: {
    isFound: () => process.env['TEST_CHROMIUM'] !== undefined,
    otherwise: process.env['TEST_CHROMIUM_REASON'],
  },
};

type Need = keyof typeof NEEDS;

interface Needs {
  needs?: Need | readonly Need[] | undefined;
}

interface Processes extends Needs {
  /** Settings of the API and of the workers. */
  env?: Record<string, string | undefined>;
  /** How many, each with its pools and caches; 1 unless said. */
  apis?: number;
  /** How many, each a process of its own; none unless said. */
  workers?: number;
}

/** Everything exists when the block is read, and runs once its tests do. */
export interface Fixture {
  database: TestDatabase;
  apis: TestApi[];
  /** The first of the workers. */
  worker: TestWorker;
  workers: TestWorker[];
}

const HOOK_TIMEOUT_MS = 90_000;

/** describe(), or one that is skipped and says why. */
export function describeWith({ needs }: Needs, name: string, block: () => void): void {
  const missing = [needs ?? []].flat().find((need) => !NEEDS[need].isFound());
  if (missing === undefined) return describe(name, block);
  const reason = NEEDS[missing].otherwise ?? `there is no ${missing}`;
  process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
  describe.skip(`${name} (skipped: ${reason})`, block); // the machine lacks what NEEDS names; the reason was printed
}

/** Tests with a database of their own and no process at it. */
export function describeDatabase(name: string, options: Needs, block: (database: TestDatabase) => void): void {
  describeWith(options, name, () => {
    const database = new TestDatabase();
    beforeAll(() => database.create(), HOOK_TIMEOUT_MS);
    block(database);
    afterAll(() => database.drop(), HOOK_TIMEOUT_MS); // after those of the block
  });
}

/** Tests of the running API, with a database of their own. */
export function describeApi(name: string, options: Processes, block: (api: TestApi, fixture: Fixture) => void): void {
  const { env = {}, apis: apiCount = 1, workers: workerCount = 0 } = options;
  describeDatabase(name, options, (database) => {
    const apis = Array.from({ length: apiCount }, () => new TestApi());
    const workers = Array.from({ length: workerCount }, () => new TestWorker());
    const processes = () => [...apis, ...workers];
    beforeAll(async () => {
      if (env['REDIS_URL'] !== undefined) await flushTestRedis();
      await Promise.all(processes().map((started) => started.launch(database.url, env)));
    }, HOOK_TIMEOUT_MS);
    const [api, worker] = [apis[0]!, workers[0]!]; // the worker only for whoever asked for one
    block(api, { database, apis, worker, workers });
    afterAll(async () => {
      await Promise.all(workers.map((started) => started.stop()));
      await Promise.all(apis.map((started) => started.stop()));
    }, HOOK_TIMEOUT_MS);
  });
}
