import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { logSize, openLog, readLog, tailLog } from '../local-postgres/log-file.js';
import { progress } from './progress.js';

const STOP_TIMEOUT_MS = 25_000;
const MAX_DELAY_S = 10;
/** A child that ran this long is not in a crash loop. */
const STABLE_MS = 30_000;
const ECHO_EVERY_MS = 1000;
const ECHO_MAX_LINES = 5;

export interface ChildSpec {
  name: string;
  script: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  logFile: string;
  onSpawn: (pid: number) => void;
}

/** A child process that is started again whenever it ends by itself, with its errors shown on the terminal. */
export class Child {
  /** Whether it has ever said `ready` over its IPC channel. */
  saidReady = false;
  /** Unexpected ends in a row. */
  failures = 0;
  private process: ChildProcess | undefined;
  private stopping = false;
  private restart: NodeJS.Timeout | undefined;
  private echo: NodeJS.Timeout | undefined;
  private readonly logStart: number;
  private shown: number;

  constructor(private readonly spec: ChildSpec) {
    closeSync(openLog(spec.logFile));
    this.logStart = this.shown = logSize(spec.logFile);
  }

  start(): void {
    const { script, cwd, env, logFile } = this.spec;
    const log = openLog(logFile);
    const startedAt = Date.now();
    // A log file rather than a pipe: it gets the last lines even when this process is killed. In that case the IPC
    // channel closes, and the child ends. Its own session keeps Ctrl-C of the terminal from ending it before us.
    const detached = process.platform !== 'win32';
    const child = spawn(process.execPath, [script], {
      cwd,
      env,
      detached,
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.process = child;
    child.once('exit', (code, signal) => this.onExit(signal ?? `code ${code}`, startedAt));
    child.on('message', (message) => (this.saidReady ||= message === 'ready'));
    child.once('error', (error) => progress(`${this.spec.name}: ${error.message}`));
    if (child.pid !== undefined) this.spec.onSpawn(child.pid);
    this.echo ??= setInterval(() => this.showErrors(), ECHO_EVERY_MS);
  }

  /** Of another build, after stop(). */
  startAnew(): void {
    this.stopping = this.saidReady = false;
    this.failures = 0;
    this.echo = undefined;
    this.start();
  }

  /** The last lines it logged since quickstart started. */
  tail(lines?: number): string {
    return tailLog(this.spec.logFile, this.logStart, lines);
  }

  /** SIGTERM, then SIGKILL if it has not ended after 25 s. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.restart);
    clearInterval(this.echo);
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // Windows has no SIGTERM and would kill the process at once; there the end of the IPC channel tells the child to
    // stop.
    if (process.platform === 'win32' && child.connected) child.disconnect();
    else child.kill('SIGTERM');
    const timer = setTimeout(() => {
      progress(`${this.spec.name} does not end; killing it`);
      child.kill('SIGKILL');
    }, STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  kill(): void {
    this.stopping = true;
    this.process?.kill('SIGKILL');
  }

  private onExit(reason: string, startedAt: number): void {
    if (this.stopping) return;
    this.showErrors();
    this.failures = Date.now() - startedAt > STABLE_MS ? 1 : this.failures + 1;
    const delay = Math.min(MAX_DELAY_S, 2 ** (this.failures - 1));
    progress(`${this.spec.name} ended unexpectedly (${reason}); starting it again in ${delay} s`);
    this.restart = setTimeout(() => this.start(), delay * 1000);
  }

  private showErrors(): void {
    const text = readLog(this.spec.logFile, this.shown);
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    this.shown = logSize(this.spec.logFile) - Buffer.byteLength(text.slice(complete.length));
    const errors = complete.split('\n').filter(isError);
    for (const line of errors.slice(0, ECHO_MAX_LINES)) progress(`${this.spec.name}: ${shorten(line)}`);
    if (errors.length > ECHO_MAX_LINES) progress(`${this.spec.name}: ${errors.length - ECHO_MAX_LINES} more errors`);
  }
}

/** Log lines are JSON; anything else comes from the runtime itself and is an error. */
function isError(line: string): boolean {
  return line.trim() !== '' && (!line.startsWith('{') || /"level":"(error|fatal)"/.test(line));
}

function shorten(line: string): string {
  try {
    return `error: ${(JSON.parse(line) as { msg?: string }).msg?.split('\n')[0]}`;
  } catch {
    return line;
  }
}
