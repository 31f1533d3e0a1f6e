import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HttpClient } from './http-client.mjs';
import { readComplaints } from './logs.mjs';
import { PostgresServer } from './postgres-server.mjs';
import { RedisServer } from './redis-server.mjs';
import { Supervised } from './supervised.mjs';
import { eventually, findFreePort, sleep } from './waiting.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TENANTS = 5;
const START_TIMEOUT_MS = 60_000;

/** Everything one run needs, each on a port of its own: PostgreSQL, Redis if asked for, the API and a worker. */
export class Stack {
  /** @param {string} folder @param {string} backend @param {string | undefined} defect */
  constructor(folder, backend, defect) {
    this.folder = folder;
    this.backend = backend;
    this.defect = defect;
    this.platformKey = `faults-${randomBytes(24).toString('base64url')}`;
  }

  start() {
    this.starting = this.startAll();
    return this.starting;
  }

  async startAll() {
    this.postgres = new PostgresServer(join(this.folder, 'data'));
    await this.postgres.start();
    this.checkNotOver();
    if (this.backend === 'redis') {
      this.redis = await RedisServer.create(this.folder);
      this.redis.start();
      await this.redis.isUp();
    }
    const port = await findFreePort();
    this.env = this.makeEnv(port);
    const owner = { ...this.env, DATABASE_MIGRATION_URL: this.postgres.url };
    await promisify(execFile)(process.execPath, ['dist/cli.js', 'migrate'], { cwd: ROOT, env: owner });
    this.checkNotOver();
    this.api = this.supervise('api', 'dist/main.js');
    this.worker = this.supervise('worker', 'dist/worker.js');
    this.http = new HttpClient(port);
    this.api.start();
    this.worker.start();
    await this.waitUntilReady();
  }

  /** Nothing of the caller's environment that could reach into the run. */
  makeEnv(port) {
    const { PATH, HOME, TMPDIR } = process.env;
    return {
      ...{ PATH, HOME, TMPDIR, NODE_ENV: 'test', LOG_LEVEL: 'warn', HOST: '127.0.0.1' },
      ...{
        PORT: String(port),
        WORKER_HEALTH_PORT: '0',
        PLATFORM_API_KEY: this.platformKey,
        RATE_LIMIT_REQUESTS: '10000000',
      },
      DATABASE_URL: this.postgres.runtimeUrl,
      ...(this.redis === undefined ? {} : { REDIS_URL: this.redis.url }),
    };
  }

  supervise(name, entry) {
    const defect = this.defect && new URL(`defects/${this.defect}.mjs`, import.meta.url).href;
    const args = [...(defect ? ['--import', defect] : []), entry];
    const logFile = join(this.folder, `${name}.log`);
    return new Supervised({ name, command: process.execPath, args, logFile, cwd: ROOT, env: this.env, ipc: true });
  }

  async waitUntilReady() {
    const isReady = async () => {
      this.checkNotOver();
      if (this.unexpectedExits().length > 0) throw new Error(await this.explain(this.unexpectedExits().join(', ')));
      const answer = await this.http.send('GET', '/health/ready', {}).catch(() => null);
      return answer?.status === 200;
    };
    const [api, worker] = await Promise.all([
      eventually(isReady, START_TIMEOUT_MS),
      Promise.race([this.worker.ready, sleep(START_TIMEOUT_MS, false)]),
    ]);
    if (!api || !worker) throw new Error(await this.explain(`the ${api ? 'worker' : 'API'} did not start`));
  }

  /** @returns {Promise<string>} with what the processes had to say */
  async explain(what) {
    const complaints = await readComplaints(this.folder);
    return [what, ...complaints.map(({ message }) => message)].join('\n');
  }

  /** @returns {Promise<import('./journal.mjs').Tenant[]>} each with a key that may write as often as it likes */
  createTenants() {
    const key = this.platformKey;
    const create = async (n) => {
      const tenant = await this.http.call('POST', '/tenants', { key, body: { name: `tenant ${n}` } });
      const clientId = `client-${n % 2}`; // several tenants have a client of the same name
      const body = { client_id: clientId, name: 'load', scopes: ['write'], rate_limit: 1_000_000, rate_window_s: 60 };
      const created = await this.http.call('POST', '/keys', { key, body, headers: { 'X-Tenant-Id': tenant.id } });
      return { id: tenant.id, clientId, key: created.key };
    };
    return Promise.all(Array.from({ length: TENANTS }, (_, n) => create(n)));
  }

  unexpectedExits() {
    return [this.api, this.worker, this.redis].flatMap((process) => process?.unexpectedExits ?? []);
  }

  checkNotOver() {
    if (this.isOver) throw new Error('the run is over');
  }

  /** Leaves no process behind. */
  async end() {
    this.isOver = true;
    this.http?.close();
    await this.postgres?.end(); // first: a start that is under way then fails
    await this.starting?.catch(() => undefined);
    await Promise.all([this.api?.end(), this.worker?.end(), this.redis?.end()]);
  }
}
