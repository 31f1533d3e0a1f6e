import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { startEmbeddedPostgres } from '../../dist/local-postgres/embedded-postgres.js';
import { eventually } from './waiting.mjs';

/** A private PostgreSQL that can die like a machine that loses power, except that the page cache survives. */
export class PostgresServer {
  /** @param {string} dataDir */
  constructor(dataDir) {
    this.dataDir = dataDir;
  }

  start() {
    if (this.isOver) throw new Error('the run is over');
    this.starting = this.launch();
    return this.starting;
  }

  async launch() {
    this.server = await startEmbeddedPostgres({ dataDir: this.dataDir, port: this.port, database: 'tidemark' });
    this.port = this.server.port;
    this.url = this.server.url;
    this.runtimeUrl = this.server.runtimeUrl;
  }

  /** Stopped first, the postmaster cannot tell anybody that its children die. */
  async kill() {
    const { pid } = this.server;
    signal(pid, 'SIGSTOP');
    for (const child of childrenOf(pid)) signal(child, 'SIGKILL');
    signal(pid, 'SIGKILL');
    await eventually(() => !this.server.isRunning(), 10_000, 5);
  }

  /** The data are thrown away, so nothing is flushed; but shared memory is given back. */
  async end() {
    this.isOver = true;
    await this.starting?.catch(() => undefined); // a server that is just starting would be left behind
    if (this.server === undefined) return;
    signal(this.server.pid, 'SIGCONT');
    signal(this.server.pid, 'SIGQUIT');
    if (!(await eventually(() => !this.server.isRunning(), 5_000, 10))) await this.kill();
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** @returns {number[]} */
function childrenOf(parent) {
  return listProcesses()
    .filter(([, parentPid]) => parentPid === parent)
    .map(([pid]) => pid);
}

/** @returns {number[][]} pairs of a pid and its parent's */
function listProcesses() {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
    return lines.map((line) => line.trim().split(/\s+/).map(Number));
  }
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The name in parentheses may hold anything; behind it come the state and the parent.
      return [[Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return []; // it ended meanwhile
    }
  });
}
