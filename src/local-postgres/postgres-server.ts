import { spawnSync } from 'node:child_process';
import { closeSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { logSize, openLog, readLog, tailLog } from './log-file.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { explainSpawnError, postgresEnv } from './postgres-cluster.js';
import { isAlive, isRunning, processesIn, signalProcess, waitUntilGone } from './processes.js';
import type { RunAs } from './run-as.js';

/** Crash recovery replays up to max_wal_size of log, which on a slow disk takes minutes. */
const READY_TIMEOUT_MS = 300_000;
/** Backends of a killed postmaster notice its death at their next wait; a long statement may delay that. */
const LEFTOVER_TIMEOUT_MS = 30_000;
const STOP_STEP_MS = 10_000;

export interface ServerLaunch {
  directory: string;
  logFile: string;
  settings: Readonly<Record<string, string>>;
  binaries: PostgresBinaries;
  runAs: RunAs;
  report: (message: string) => void;
}

export interface PidFile {
  pid: number;
  port: number;
  /** `starting`, `ready`, `stopping` or, before PostgreSQL wrote that line, empty. */
  status: string;
}

/** postmaster.pid, whose lines have fixed meanings: 1 the pid, 4 the port, 8 the status. */
export function readPidFile(directory: string): PidFile | null {
  try {
    const lines = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0) return null;
    return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() };
  } catch {
    return null;
  }
}

/** Whether `pid` is the postmaster of this data directory, not another process that got the same number. */
export function isPostmaster(pid: number, directory: string): boolean {
  return isRunning(pid, ['postgres', `-D ${directory}`]);
}

/** PostgreSQL trusts any live process with its own uid to be the writer of postmaster.pid, even a zombie. */
export function removeStalePidFile(directory: string): void {
  const file = readPidFile(directory);
  if (file === null || !isPostmaster(file.pid, directory)) rmSync(join(directory, 'postmaster.pid'), { force: true });
}

/** Starts the server and waits until it accepts connections. Returns its pid. */
export async function launchServer(launch: ServerLaunch): Promise<number> {
  const deadline = Date.now() + LEFTOVER_TIMEOUT_MS;
  let reported = false;
  for (;;) {
    const start = logSize(launch.logFile);
    const pid = await launchOnce(launch, start);
    if (pid !== null) return pid;
    // The kernel knows whether backends of a killed postmaster still use its memory; PostgreSQL then refuses to start.
    const leftovers = /shared memory block .* still in use|lock file .* already exists/.test(
      readLog(launch.logFile, start),
    );
    if (!leftovers || Date.now() > deadline) {
      throw new Error(`PostgreSQL did not start. The end of ${launch.logFile}:\n${tailLog(launch.logFile, start)}`);
    }
    if (!reported) launch.report('waiting for the processes of a killed PostgreSQL to end');
    reported = true;
    endLeftovers(launch);
    await sleep(100);
  }
}

/**
 * Backends in a long statement do not see that their postmaster is dead. SIGQUIT is what it would have sent them in a
 * crash: they exit at once, touching nothing, and recovery follows. PostgreSQL's processes work in the data directory.
 */
function endLeftovers({ directory, binaries }: ServerLaunch): void {
  for (const pid of processesIn(directory, realpathSync(binaries.postgres))) signalProcess(pid, 'SIGQUIT');
}

/** Null: the server ended by itself, and its log says why. */
async function launchOnce(launch: ServerLaunch, logStart: number): Promise<number | null> {
  const { directory, binaries, runAs } = launch;
  const log = openLog(launch.logFile);
  const args = Object.entries(launch.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = runAs.spawn(binaries.postgres, ['-D', directory, ...args], {
    cwd: '/',
    env: postgresEnv(),
    stdio: ['ignore', log, log],
    // Its own session: Ctrl-C in the terminal must not reach PostgreSQL before the processes that use it have ended.
    detached: true,
    windowsHide: true,
  });
  closeSync(log);
  let spawnError: Error | undefined;
  child.once('error', (error) => (spawnError = error));
  child.unref();
  const ended = (): boolean => spawnError !== undefined || child.exitCode !== null || child.signalCode !== null;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (let nextReport = Date.now() + 5000; !ended(); await sleep(20)) {
    const file = readPidFile(directory);
    if (file?.pid === child.pid && file?.status === 'ready') return file.pid;
    if (Date.now() > nextReport) {
      launch.report('PostgreSQL is recovering from a crash; this can take a few minutes');
      nextReport += 30_000;
    }
    if (Date.now() > deadline && child.pid !== undefined) {
      await stopServer(child.pid, launch);
      throw new Error(`PostgreSQL was not ready in time. The end of its log:\n${tailLog(launch.logFile, logStart)}`);
    }
  }
  if (spawnError !== undefined) throw new Error(`PostgreSQL did not start: ${explainSpawnError(spawnError, binaries)}`);
  return null;
}

/**
 * Stops fast (open transactions are rolled back), then immediately, then with SIGKILL. Also for a process that is not
 * our child.
 */
export async function stopServer(pid: number, launch: Pick<ServerLaunch, 'directory' | 'binaries'>): Promise<void> {
  if (process.platform === 'win32') {
    spawnSync(launch.binaries.pg_ctl, ['stop', '-w', '-m', 'fast', '-D', launch.directory], {
      env: postgresEnv(),
      windowsHide: true,
    });
    return;
  }
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isAlive(pid)) return;
    signalProcess(pid, signal);
    if (await waitUntilGone(pid, STOP_STEP_MS)) return;
  }
}
