import { fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STOP_MS = 20_000;

/**
 * A Node process of the benchmark. It shares a channel with us, so it sees our death and ends too.
 *
 * @typedef {object} Launch
 * @property {string} name
 * @property {string} entry
 * @property {string[]} [args]
 * @property {NodeJS.ProcessEnv} env
 * @property {string} logFile
 */
export class Child {
  /** @param {Launch} launch */
  constructor({ name, entry, args = [], env, logFile }) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, 'a');
    this.process = fork(entry, args, { cwd: ROOT, env, execArgv: [], stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.exited = new Promise((resolve) => this.process.once('exit', resolve).once('error', resolve));
    this.process.on('exit', () => this.fail?.(this.exitError()));
  }

  get pid() {
    return this.process.pid;
  }

  get isRunning() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The next message it sends. @returns {Promise<any>} @throws {Error} when it exits instead */
  next() {
    return new Promise((resolve, reject) => {
      if (!this.isRunning) return reject(this.exitError());
      this.fail = reject;
      this.process.once('message', resolve);
    });
  }

  /** One question, one answer. @returns {Promise<any>} */
  async ask(question) {
    const answering = this.next();
    this.process.send(question);
    const { error, answer } = await answering;
    if (error !== undefined) throw new Error(`${this.name}: ${error}`);
    return answer;
  }

  /** In order, as an operator would. */
  async stop() {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), STOP_MS);
    this.process.kill('SIGTERM');
    await this.exited;
    clearTimeout(timer);
  }

  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  exitError() {
    const how = this.process.signalCode ?? `code ${this.process.exitCode}`;
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-20).join('\n');
    return new Error(`${this.name} ended on its own (${how}):\n${lines}`);
  }
}
