import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { letThrough, makePrivate } from './data-dir.js';
import { findFreePort, isPortFree, waitForPort } from './ports.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { answers, databaseUrl, ensureDatabase, HOST } from './postgres-client.js';
import { type Cluster, clusterDirectory, ensureCluster, postgresEnv } from './postgres-cluster.js';
import {
  isPostmaster,
  launchServer,
  readPidFile,
  removeStalePidFile,
  type ServerLaunch,
  stopServer,
} from './postgres-server.js';
import { chooseOwner, chooseRunAs, type RunAs } from './run-as.js';
import { runtimeUrl } from './runtime-login.js';

const PORT_WAIT_MS = 5000;
const ADOPT_TIMEOUT_MS = 60_000;

export interface EmbeddedPostgresOptions {
  /** Folder for everything: the data, the password, the port, the log. Created if missing. */
  dataDir: string;
  /** Without it: the previous port if it is still free, else a free one. */
  port?: number;
  database?: string;
  /** Server settings that override our own, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
  onProgress?: (message: string) => void;
}

export interface EmbeddedPostgres {
  /** As the superuser who owns everything. */
  url: string;
  /** As the login of the service, which the migrations create. */
  runtimeUrl: string;
  port: number;
  pid: number;
  /** True if a server left behind by a killed parent was found running. */
  adopted: boolean;
  isRunning(): boolean;
  stop(): Promise<void>;
}

/**
 * A private PostgreSQL of this machine's user, from the binaries npm installed. It keeps running after this process
 * unless stopped.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const report = options.onProgress ?? (() => {});
  makePrivate(options.dataDir);
  const dataDir = realpathSync(options.dataDir);
  mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const binaries = await findPostgresBinaries();
  const runAs = prepareRunAs(dataDir, binaries);
  const cluster = await ensureCluster(dataDir, binaries, runAs);
  const launch = {
    directory: cluster.directory,
    logFile: join(dataDir, 'logs', 'postgres.log'),
    binaries,
    runAs,
    report,
  };
  const adopted = await adoptServer(cluster, options.port, launch);
  const server = adopted ?? (await startServer(dataDir, options, launch));
  const database = options.database ?? 'tidemark';
  await ensureDatabase(cluster, server.port, database);
  const url = databaseUrl(cluster, server.port, database);
  return {
    ...server,
    url,
    runtimeUrl: runtimeUrl(url, dataDir),
    adopted: adopted !== null,
    isRunning: () => isPostmaster(server.pid, cluster.directory),
    stop: () => stopServer(server.pid, launch),
  };
}

interface RunningServer {
  pid: number;
  port: number;
}

function prepareRunAs(dataDir: string, binaries: PostgresBinaries): RunAs {
  const data = statSync(clusterDirectory(dataDir), { throwIfNoEntry: false });
  const uid = process.getuid?.();
  if (data !== undefined && uid !== undefined && uid !== 0 && data.uid !== uid) {
    throw new Error(
      `The data in ${dataDir} belongs to the user with uid ${data.uid}, and you are uid ${uid}. ` +
        'Start as that user (or as root, if root created it), or choose another DATA_DIR.',
    );
  }
  const owner = chooseOwner(data === undefined ? null : { uid: data.uid, gid: data.gid });
  letThrough(dataDir, owner);
  return chooseRunAs({
    program: binaries.postgres,
    readable: [binaries.postgres, join(binaries.root, 'native', 'share', 'postgresql', 'postgres.bki'), dataDir],
    owner,
  });
}

/** Finds the server that a killed parent left running. */
async function adoptServer(
  cluster: Cluster,
  wantedPort: number | undefined,
  launch: Omit<ServerLaunch, 'settings'>,
): Promise<RunningServer | null> {
  const deadline = Date.now() + ADOPT_TIMEOUT_MS;
  for (;;) {
    const file = readPidFile(cluster.directory);
    if (file === null || !isPostmaster(file.pid, cluster.directory)) return null;
    if (file.status === 'ready' && (await answers(cluster, file.port))) {
      if (wantedPort === undefined || wantedPort === file.port) return { pid: file.pid, port: file.port };
      await stopServer(file.pid, launch);
      return null;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `A PostgreSQL server (pid ${file.pid}) runs on ${cluster.directory} but does not answer. ` +
          `Stop it with "kill -INT ${file.pid}" and start again.`,
      );
    }
    await sleep(50);
  }
}

async function startServer(
  dataDir: string,
  options: EmbeddedPostgresOptions,
  launch: Omit<ServerLaunch, 'settings'>,
): Promise<RunningServer> {
  removeStalePidFile(launch.directory);
  const portFile = join(dataDir, 'postgres.port');
  const port = await choosePort(options.port, portFile);
  const pid = await launchServer({ ...launch, settings: { ...serverSettings(port, launch), ...options.settings } });
  writeFileSync(portFile, `${port}\n`);
  return { pid, port };
}

async function choosePort(wanted: number | undefined, portFile: string): Promise<number> {
  if (wanted !== undefined) {
    if (await waitForPort(wanted, [HOST], PORT_WAIT_MS)) return wanted;
    throw new Error(`Port ${wanted} for PostgreSQL is in use by another program.`);
  }
  const remembered = readPort(portFile);
  if (remembered !== null && (await isPortFree(remembered, HOST))) return remembered;
  return findFreePort(HOST);
}

function readPort(file: string): number | null {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}

/** For a small machine that also does other work. fsync and full_page_writes keep their safe defaults. */
function serverSettings(port: number, launch: Omit<ServerLaunch, 'settings'>): Record<string, string> {
  const settings = {
    listen_addresses: HOST,
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    // The AIO workers of PostgreSQL 18 would be three more processes on two cores.
    io_method: 'sync',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  return supportsLz4(launch) ? { ...settings, wal_compression: 'lz4' } : settings;
}

/** The builds for the different platforms differ here, and an unknown value would stop the server. Takes 10 ms. */
function supportsLz4({ binaries, directory }: Omit<ServerLaunch, 'settings'>): boolean {
  const args = ['-C', 'wal_compression', '-c', 'wal_compression=lz4', '-D', directory];
  return spawnSync(binaries.postgres, args, { cwd: '/', env: postgresEnv(), windowsHide: true }).status === 0;
}
