import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../dist/local-postgres/embedded-postgres.js';
import { findFreePort } from '../dist/local-postgres/ports.js';
import { Child } from './child.mjs';
import { cpuPerEvent, readCpu } from './cpu.mjs';
import { until } from './waiting.mjs';

const START_TIMEOUT_MS = 60_000;
const DRAIN_TIMEOUT_MS = 120_000;

/** Everything a run needs, on ports of its own and in a folder that goes with it. */
export class Stack {
  /** @type {Set<Child>} */
  children = new Set();
  platformKey = `bench-${randomBytes(24).toString('base64url')}`;

  /**
   * @param {object} [options]
   * @param {string} [options.dataDir] of PostgreSQL, kept; else in `folder`
   * @param {string} [options.folder] of another stack that has ended and left it
   * @param {Record<string, string>} [options.settings] of PostgreSQL, over those of the quickstart
   */
  constructor({ dataDir, folder, settings } = {}) {
    this.folder = folder ?? mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
    this.dataDir = dataDir ?? join(this.folder, 'data');
    this.settings = settings;
  }

  /** PostgreSQL with the settings of the quickstart (fsync on), migrated, and the process that makes the load. */
  async start() {
    mkdirSync(this.dataDir, { recursive: true });
    this.startingPostgres = startEmbeddedPostgres({ dataDir: this.dataDir, settings: this.settings });
    this.postgres = await this.startingPostgres;
    this.pool = new pg.Pool({ connectionString: this.postgres.url, max: 1 });
    this.pool.on('error', () => undefined); // PostgreSQL ends before the pool
    this.apiPort = await findFreePort('127.0.0.1');
    this.env = this.makeEnv();
    const migration = this.launch('migrate', 'dist/cli.js', ['migrate'], {
      DATABASE_MIGRATION_URL: this.postgres.url,
    });
    if ((await migration.exited) !== 0) throw migration.exitError();
    this.load = this.launch('load', 'bench/load/main.mjs');
    await this.load.next();
  }

  /** Production, and nothing of the caller's environment that could reach into the run. */
  makeEnv() {
    const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
    return {
      ...{ PATH, HOME, TMPDIR, SystemRoot, NODE_ENV: 'production', LOG_LEVEL: 'warn', HOST: '127.0.0.1' },
      ...{ PORT: String(this.apiPort), WORKER_HEALTH_PORT: '0' },
      DATABASE_URL: this.postgres.runtimeUrl,
      ...{ PLATFORM_API_KEY: this.platformKey, RATE_LIMIT_REQUESTS: '10000000' },
    };
  }

  /** As in production. @param {string} name @param {string} entry @param {string[]} [args] */
  launch(name, entry, args, extraEnv = {}) {
    if (this.isOver) throw new Error('the run is over');
    const env = { ...this.env, ...extraEnv };
    const child = new Child({ name, entry, args, env, logFile: join(this.folder, `${name}.log`) });
    this.children.add(child);
    void child.exited.then(() => this.children.delete(child));
    return child;
  }

  /** @returns {Promise<{api: Child, startMs: number}>} time from its start until it takes requests */
  async startApi() {
    const start = performance.now();
    const api = this.launch('api', 'dist/main.js');
    const isReady = async () => {
      if (!api.isRunning) throw api.exitError();
      const response = await fetch(this.url('/health/ready')).catch(() => null);
      await response?.arrayBuffer();
      return response?.status === 200;
    };
    await until('the API is ready', isReady, START_TIMEOUT_MS, 5);
    return { api, startMs: performance.now() - start };
  }

  /** Resolves when it works. */
  async startWorker(env = {}) {
    const worker = this.launch('worker', 'dist/worker.js', [], env);
    await worker.next();
    return worker;
  }

  /** A bare server to compare with. @returns {Promise<number>} its port */
  async startReference(name) {
    const { answer: port } = await this.launch(name, `bench/servers/${name}.mjs`).next();
    return port;
  }

  /** A tenant's key that may write as often as it likes. @returns {Promise<string>} */
  async createKey() {
    return (await this.createTenantKey(['write'])).key;
  }

  /** Without a tenant: in a new one. @returns {Promise<{tenantId: string, key: string}>} */
  async createTenantKey(scopes, tenantId) {
    tenantId ??= (await this.post('/tenants', { name: `bench ${randomBytes(6).toString('hex')}` })).id;
    const limits = { rate_limit: 1_000_000, rate_window_s: 1 };
    const body = { client_id: 'bench', name: 'bench', scopes, ...limits };
    return { tenantId, key: (await this.post('/keys', body, { 'X-Tenant-Id': tenantId })).key };
  }

  /** Single events to `events/ingest` at a steady rate; {@link loadPaced} says what else there may be beside them. */
  loadPaced(key, options) {
    const target = { port: this.apiPort, path: '/api/v1/events/ingest', key };
    return this.load.ask({ load: 'paced', options: { ...target, ...options } });
  }

  /** @throws {Error} unless it is 200 */
  async get(path, key) {
    const { status, body } = await this.send('GET', path, key);
    if (status !== 200) throw new Error(`GET ${path}: ${status}`);
    return { body };
  }

  /** How long it took until the answer was there. @throws {Error} unless it is 2xx or 404 */
  async send(method, path, key, body) {
    const headers = { 'X-API-Key': key, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
    const start = performance.now();
    const response = await fetch(this.url(path), { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    const ms = performance.now() - start;
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { status: response.status, body: JSON.parse(text), ms };
  }

  async post(path, body, headers = {}) {
    const response = await fetch(this.url(path), {
      method: 'POST',
      headers: { 'X-API-Key': this.platformKey, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  get origin() {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  url(path) {
    return `${this.origin}/api/v1${path}`;
  }

  /** @returns {(events: number) => Record<string, number>} µs of CPU per event that each process used since now */
  meterCpu() {
    const read = () =>
      readCpu(new Map([...this.children, this.postgres].map(({ name, pid }) => [name ?? 'postgres', pid])));
    const before = read();
    return (events) => cpuPerEvent(before, read(), events);
  }

  /** @returns {Promise<string>} of PostgreSQL */
  async version() {
    return (await this.one(`select current_setting('server_version') as version`)).version;
  }

  /** The one row of a statement. */
  async one(sql, values) {
    return (await this.pool.query(sql, values)).rows[0];
  }

  /** Waits until every accepted event was processed. */
  async untilDrained(pauseMs = 20) {
    const isDrained = async () =>
      !(await this.one(`select exists (select from ingest_batches where status = 'queued') as waits`)).waits;
    await until('the worker has processed everything', isDrained, DRAIN_TIMEOUT_MS, pauseMs);
  }

  /** Leaves no process and no file behind. Whoever asks again waits for the same end. */
  end({ keepsFolder = false } = {}) {
    this.ending ??= this.endAll(keepsFolder);
    return this.ending;
  }

  async endAll(keepsFolder) {
    this.isOver = true;
    await Promise.all([...this.children].map((child) => child.kill()));
    const postgres = await this.startingPostgres?.catch(() => undefined);
    await this.pool?.end();
    await postgres?.stop();
    if (!keepsFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
