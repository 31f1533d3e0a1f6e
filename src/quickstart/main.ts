import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../platform/config/config.js';
import { environment, misspeltSettings } from '../platform/config/environment.js';
import { redact } from '../platform/logging/redact.js';
import { apiUrl, choosePort, shownUrl } from './addresses.js';
import { ApiClient } from './api-client.js';
import { Child } from './child.js';
import { serviceEnv } from '../local-postgres/child-env.js';
import { runCli } from './cli.js';
import { DataDirError, makePrivate } from '../local-postgres/data-dir.js';
import { Database, type DatabaseUrls } from './database.js';
import { completeFirstStart } from './first-start.js';
import { acquireLock, type Lock } from './lock.js';
import { developmentKey } from './development-key.js';
import { QuickstartError, type QuickstartOptions, readOptions } from './options.js';
import {
  DEFAULT_DATA_DIR,
  forgetRunning,
  noteRunning,
  type RunningInstance,
} from '../local-postgres/running-instance.js';
import { print, progress } from './progress.js';
import { waitForRedis } from './redis.js';
import { Reload } from './reload.js';
import { StateFile } from './state.js';
import { listenForStop } from './stop-signal.js';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..');
const READY_TIMEOUT_MS = 60_000;
/** A child that ends this often before it was ever ready will not become ready. */
const MAX_EARLY_FAILURES = 3;
const SAY_EVERY_MS = 5_000;

/** One run of `npm run quickstart`: what it started, in order to stop it. */
class Quickstart {
  private lock: Lock | undefined;
  private readonly children: Child[] = [];
  private reload: Reload | undefined;
  private readonly database: Database;

  constructor(
    private readonly options: QuickstartOptions,
    private readonly signal: AbortSignal,
  ) {
    this.database = new Database(options);
  }

  async start(): Promise<void> {
    const { options, signal } = this;
    makePrivate(options.dataDir);
    if (options.port === 0) options.port = await choosePort(options);
    this.lock = await acquireLock(options.dataDir, options.port);
    if (options.watch) options.platformApiKey ??= developmentKey(options.dataDir);
    options.port = await choosePort(options);
    sayWhatIsNotUsed(options);
    if (options.redis !== undefined) await waitForRedis(options.redis, signal);
    signal.throwIfAborted();
    progress(options.databaseUrl === undefined ? 'starting PostgreSQL' : 'connecting to PostgreSQL');
    const urls = await this.database.start();
    const env = childEnv(options, urls.runtime);
    const script = join(dist, 'cli.js');
    const cli = (words: readonly string[]): Promise<string> => runCli(script, words, env);
    signal.throwIfAborted();
    const migrate = () => runCli(script, ['migrate'], { ...env, DATABASE_MIGRATION_URL: urls.owner });
    await migrate();
    progress('the database schema is up to date');
    const api = new ApiClient(apiUrl(options), signal);
    await this.startChildren(api, env);
    noteRunning(options.dataDir, runningInstance(options, urls));
    const file = await StateFile.open(options.dataDir, urls.owner);
    const isFirst = !file.state.keysCreated;
    await completeFirstStart({ options, api, file, signal, cli });
    printLinks(options, isFirst);
    if (options.watch) this.watch(api, migrate);
  }

  async stop(): Promise<void> {
    await this.reload?.stop();
    await Promise.all(this.children.map((child) => child.stop()));
    await this.database.stop();
    if (this.lock !== undefined) forgetRunning(this.options.dataDir);
    this.lock?.release();
  }

  /** Leaves PostgreSQL to the next start, which finds it running. */
  force(): void {
    for (const child of this.children) child.kill();
    process.exit(1);
  }

  private watch(api: ApiClient, migrate: () => Promise<string>): void {
    this.reload = new Reload({
      ...{ children: this.children, migrate, waitUntilReady: () => this.waitUntilReady(api) },
      onSpawn: (script, pid) => this.lock?.recordChild(script, pid),
    });
    this.reload.start();
  }

  private async startChildren(api: ApiClient, env: NodeJS.ProcessEnv): Promise<void> {
    this.signal.throwIfAborted();
    for (const [name, file] of [
      ['api', 'main.js'],
      ['worker', 'worker.js'],
    ] as const) {
      const script = join(dist, file);
      const logFile = join(this.options.dataDir, 'logs', `${name}.log`);
      const onSpawn = (pid: number): void => this.lock?.recordChild(script, pid);
      const child = new Child({ name, script, env, cwd: process.cwd(), logFile, onSpawn });
      this.children.push(child);
      child.start();
    }
    progress('starting the API and the worker');
    await this.waitUntilReady(api);
    progress('the API and the worker are ready');
  }

  private async waitUntilReady(api: ApiClient): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    const [apiProcess, worker] = this.children;
    let saidAt = performance.now();
    for (let apiReady = false; !(apiReady && worker?.saidReady); apiReady = await api.isReady()) {
      this.signal.throwIfAborted();
      const failed = this.children.find((child) => child.failures >= MAX_EARLY_FAILURES);
      if (failed !== undefined || Date.now() > deadline) {
        const child = failed ?? (apiReady ? worker : apiProcess);
        const logs = shortPath(join(this.options.dataDir, 'logs'));
        throw new QuickstartError(
          `Tidemark did not get ready. The end of its log (all of it in ${logs}):\n${child?.tail()}`,
        );
      }
      if (performance.now() - saidAt > SAY_EVERY_MS) {
        saidAt = performance.now();
        progress(`still waiting for ${apiReady ? 'the worker' : 'the API'}`);
      }
      await sleep(100, undefined, { signal: this.signal });
    }
  }
}

/** Once each, and before anything waits. */
function sayWhatIsNotUsed({ unusedSettings, databaseUrl }: QuickstartOptions): void {
  for (const sentence of misspeltSettings(environment())) progress(sentence);
  if (unusedSettings.length === 0) return;
  const instead = databaseUrl === undefined ? 'a PostgreSQL of its own' : 'that of QUICKSTART_DATABASE_URL';
  const other = databaseUrl === undefined ? '; QUICKSTART_DATABASE_URL would name another' : '';
  progress(`not using ${unusedSettings.join(', ')}: quickstart has ${instead}${other}`);
}

/** For commands that are called meanwhile. */
function runningInstance(options: QuickstartOptions, { owner, runtime }: DatabaseUrls): RunningInstance {
  const settings: Record<string, string> = { DATABASE_URL: runtime, DATABASE_MIGRATION_URL: owner };
  for (const [name, value] of Object.entries(options.redis ?? {})) if (value !== undefined) settings[name] = value;
  return { pid: process.pid, url: shownUrl(options), settings };
}

function childEnv({ port, dataDir, platformApiKey }: QuickstartOptions, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    NODE_ENV: 'development',
    ENV_FILE: 'none', // what it says is in the environment of this process already
    ARCHIVE_DIR: join(dataDir, 'archive'),
    AUDIT_SIGNING_KEY_FILE: join(dataDir, 'audit-signing-key.pem'),
    ...serviceEnv(),
    ...(platformApiKey === undefined ? {} : { PLATFORM_API_KEY: platformApiKey }),
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    WORKER_HEALTH_PORT: '0',
  };
}

function printLinks(options: QuickstartOptions, isFirst: boolean): void {
  const { dataDir } = options;
  const base = shownUrl(options);
  const links = [
    `  Dashboard    ${base}/`,
    `               sign in with ${signInKey(options, isFirst)}`,
    `  Lost a key?  None can be shown again. ${newKeyCommand(options)} makes one`,
    `  Swagger UI   ${base}/docs`,
    `  ReDoc        ${base}/redoc`,
    `  Queue board  ${base}/queues, for who has signed in with a platform key`,
    `  OpenAPI      ${base}/docs-yaml`,
    `  Health       ${base}/api/v1/health`,
    `  Logs         ${shortPath(join(dataDir, 'logs'))}`,
    '  Stop         Ctrl-C',
  ];
  print(`\n${links.join('\n')}\n`);
  print(`Tidemark is ready on ${base}`);
}

/** Which key opens the dashboard; keys themselves are shown once and never again. */
function signInKey({ platformApiKey, watch }: QuickstartOptions, isFirst: boolean): string {
  if (watch) return `${platformApiKey}, which may do everything`;
  if (platformApiKey !== undefined) return 'the key in PLATFORM_API_KEY';
  if (isFirst) return 'the platform key above, or with the demo key to look only';
  return 'the platform key that the first start showed';
}

/** As it is typed in another terminal, in this folder. */
function newKeyCommand({ dataDir }: QuickstartOptions): string {
  const where = dataDir === resolve(DEFAULT_DATA_DIR) ? '' : `DATA_DIR=${shortPath(dataDir)} `;
  return `${where}npm run cli -- create-key --client-id=me --scopes=platform`;
}

function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function describe(error: unknown): string {
  const isExpected = [QuickstartError, DataDirError, ConfigError].some((expected) => error instanceof expected);
  if (isExpected) return (error as Error).message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Runs until a signal or a failure, stops everything and returns the exit code. */
async function main(): Promise<number> {
  let quickstart: Quickstart | undefined;
  const signal = listenForStop(() => (quickstart === undefined ? process.exit(1) : quickstart.force()));
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  let code = 0;
  try {
    // For our files and for those of the children: they hold keys, passwords and events.
    process.umask(0o077);
    quickstart = new Quickstart(readOptions(environment(), process.argv.includes('--watch')), signal);
    await quickstart.start();
    await stopped;
  } catch (error) {
    if (!signal.aborted) {
      process.stderr.write(`\n${redact(describe(error))}\n`);
      code = 1;
    }
  }
  await quickstart?.stop();
  if (code === 0) progress('stopped');
  return code;
}

process.exit(await main());
