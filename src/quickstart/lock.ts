import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, signalProcess, waitUntilGone } from '../local-postgres/processes.js';
import { QuickstartError } from './options.js';

interface Holder {
  pid: number;
  port: number;
  /** The API and the worker, by their pids. */
  children: Record<string, number>;
}

/** Ownership of a DATA_DIR by one quickstart. */
export interface Lock {
  /** Records a child, so that the next quickstart finds it if this one is killed. */
  recordChild(script: string, pid: number): void;
  release(): void;
}

const ORPHAN_TIMEOUT_MS = 10_000;

/**
 * Takes the DATA_DIR, also from a quickstart that was killed; the API and the worker it left behind are ended first.
 * @throws QuickstartError when another quickstart runs on it
 */
export async function acquireLock(dataDir: string, port: number): Promise<Lock> {
  const file = join(dataDir, 'quickstart.lock');
  const holder: Holder = { pid: process.pid, port, children: {} };
  while (!create(file, holder)) {
    const other = read(file);
    if (other !== null && isQuickstart(other.pid)) throw inUse(dataDir, other);
    if (other !== null) await endOrphans(other);
    rmSync(file, { force: true });
  }
  // Two that both found the same stale lock may have removed each other's; the file says which of them holds it.
  await sleep(50);
  const winner = read(file);
  if (winner !== null && winner.pid !== process.pid) throw inUse(dataDir, winner);
  return {
    recordChild: (script, pid) => {
      holder.children[script] = pid;
      writeFileSync(`${file}.new`, JSON.stringify(holder));
      renameSync(`${file}.new`, file);
    },
    release: () => rmSync(file, { force: true }),
  };
}

function create(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null for a file that is gone or was cut off while being written. */
function read(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

const isQuickstart = (pid: number): boolean => pid !== process.pid && isRunning(pid, ['quickstart']);

function inUse(dataDir: string, holder: Holder): QuickstartError {
  return new QuickstartError(
    `Tidemark already runs on ${dataDir} (pid ${holder.pid}): http://localhost:${holder.port}. ` +
      'Stop it with Ctrl-C in its terminal, or choose another DATA_DIR and PORT, ' +
      `for example: DATA_DIR=.data2 PORT=${holder.port + 1} npm run quickstart`,
  );
}

/** They end by themselves when their parent is gone; this only makes sure of it. */
async function endOrphans(holder: Holder): Promise<void> {
  const orphans = Object.entries(holder.children).filter(([script, pid]) => isRunning(pid, [script]));
  for (const [, pid] of orphans) signalProcess(pid, 'SIGTERM');
  for (const [, pid] of orphans) {
    if (!(await waitUntilGone(pid, ORPHAN_TIMEOUT_MS))) signalProcess(pid, 'SIGKILL');
  }
}
