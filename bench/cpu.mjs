import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel was built with. */
const TICK_MS = 10;

/**
 * CPU time that processes and their children have used, in ms. Unlike the time on the wall it hardly changes with what
 * else the machine does. Linux only; elsewhere everything is 0.
 *
 * @param {Map<string, number>} pids by name
 * @returns {Map<string, number>}
 */
export function readCpu(pids) {
  if (process.platform !== 'linux') return new Map([...pids.keys()].map((name) => [name, 0]));
  const processes = readProcesses();
  const total = (pid) =>
    processes.filter((one) => one.pid === pid || one.parent === pid).reduce((sum, one) => sum + one.ms, 0);
  return new Map([...pids].map(([name, pid]) => [name, total(pid)]));
}

/** Microseconds per event and process between two readings. @returns {Record<string, number>} */
export function cpuPerEvent(before, after, events) {
  const used = [...after].map(([name, ms]) => [name, ((ms - (before.get(name) ?? 0)) * 1_000) / events]);
  return Object.fromEntries(used);
}

/** @returns {{pid: number, parent: number, ms: number}[]} */
function readProcesses() {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The name in parentheses may hold anything. Behind it: state, parent, …, and from the 12th on the times of the
      // process in user and system mode and of its children that have ended.
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const ticks = fields[11] + fields[12] + fields[13] + fields[14];
      return [{ pid: Number(name), parent: fields[1], ms: ticks * TICK_MS }];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
