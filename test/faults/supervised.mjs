import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { sleep } from './waiting.mjs';

/** After this many exits on its own a process is left dead: the run has failed anyway. */
const MAX_REVIVALS = 3;

/**
 * A process that is killed and started again, and noticed when it exits on its own.
 *
 * @typedef {object} Launch
 * @property {string} name
 * @property {string} command
 * @property {string[]} args
 * @property {string} logFile
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [ipc] a Node process of ours: it ends itself when the rig is gone
 */
export class Supervised {
  /** @param {Launch} launch */
  constructor(launch) {
    this.launch = launch;
    /** @type {string[]} */
    this.unexpectedExits = [];
  }

  /** Returns at once; `ready` tells when the process has said that it is. */
  start() {
    if (this.isOver) throw new Error('the run is over');
    const { command, args, cwd, env, logFile, ipc = false } = this.launch;
    const log = openSync(logFile, 'a');
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log, ...(ipc ? ['ipc'] : [])] });
    closeSync(log);
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code, signal) => {
        resolve();
        if (!child.isMeantToDie) void this.noteExit(child, signal ?? `code ${code}`);
      });
    });
    this.ready = new Promise((resolve) => {
      child.once('message', () => resolve(true));
      child.once('exit', () => resolve(false));
    });
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill() {
    if (this.child === undefined) return;
    this.child.isMeantToDie = true;
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** For good: nothing starts it again. */
  async end() {
    this.isOver = true;
    await this.kill();
  }

  async noteExit(child, how) {
    this.unexpectedExits.push(`${this.launch.name} exited on its own (${how})`);
    if (this.unexpectedExits.length > MAX_REVIVALS) return;
    await sleep(200);
    if (this.child === child && !child.isMeantToDie) this.start();
  }
}
