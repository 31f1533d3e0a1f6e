import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const PAUSE_MS = 250;
const PEAK_PAUSE_MS = 50;

/** Resident memory of a process in MB; undefined when it has gone or the system does not tell. */
export function residentMegabytes(/** @type {number} */ pid) {
  try {
    const kilobytes =
      process.platform === 'linux'
        ? /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
        : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
  } catch {
    return undefined;
  }
}

/** The most that a process has, in MB. @returns {{before: number, end: () => number}} */
export function watchMemory(/** @type {number} */ pid) {
  const now = () => residentMegabytes(pid) ?? 0;
  const before = now();
  let highest = before;
  const timer = setInterval(() => (highest = Math.max(highest, now())), PEAK_PAUSE_MS);
  return {
    before,
    end() {
      clearInterval(timer);
      return highest;
    },
  };
}

/** How much memory each process needs, by name; a name may belong to several processes, one after the other. */
export class MemoryWatch {
  /** @type {Map<string, number>} */
  idle = new Map();
  /** @type {Map<string, number>} */
  most = new Map();
  /** @type {Map<string, number>} */
  pids = new Map();

  start() {
    this.timer = setInterval(() => this.look(), PAUSE_MS);
  }

  /** @param {string} name @param {number} pid */
  watch(name, pid) {
    this.pids.set(name, pid);
  }

  /** To be called before the process gets work. */
  noteIdle(/** @type {string} */ name) {
    this.idle.set(name, residentMegabytes(this.pids.get(name)) ?? 0);
  }

  look() {
    for (const [name, pid] of this.pids) {
      this.most.set(name, Math.max(this.most.get(name) ?? 0, residentMegabytes(pid) ?? 0));
    }
  }

  stop() {
    clearInterval(this.timer);
  }
}
