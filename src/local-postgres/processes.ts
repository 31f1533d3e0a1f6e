import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemEnv } from './child-env.js';

/** Whether `pid` runs. A zombie counts as gone: it holds nothing, and stays for ever where no process reaps orphans. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name in parentheses may itself contain spaces and parentheses; the state follows the last one.
    return /^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch {
    return false;
  }
}

/**
 * Whether `pid` runs and all of `words` occur in its command line. A pid from a file may by now belong to another
 * process, which must be neither trusted nor signalled.
 */
export function isRunning(pid: number, words: readonly string[]): boolean {
  if (!isAlive(pid)) return false;
  const line = commandLine(pid);
  return line === null || words.every((word) => line.includes(word));
}

/** Null where the system cannot tell. On Linux this needs no ptrace rights, unlike /proc/<pid>/cwd. */
function commandLine(pid: number): string | null {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (process.platform === 'win32') return null;
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { env: systemEnv(), encoding: 'utf8' });
  } catch {
    return '';
  }
}

/**
 * The processes of `program` whose working folder is `directory`, as far as the system lets us see: on Linux our own,
 * and with ptrace rights those of others.
 */
export function processesIn(directory: string, program: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => link(pid, 'cwd') === directory && link(pid, 'exe') === program).map(Number);
}

function link(pid: string, name: 'cwd' | 'exe'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return null;
  }
}

/** Sends a signal; no error when the process has ended meanwhile. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** True once `pid` has gone, false after `timeoutMs`. Polls, because it serves processes that are not our children. */
export async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}
