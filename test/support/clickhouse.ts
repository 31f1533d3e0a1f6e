import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** ClickHouse's own engine in a process of its own, behind its HTTP interface. */
export class TestClickHouse {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'tidemark-clickhouse-'));
  version: string;
  private child: ChildProcess;
  private port = 0;

  static async start(): Promise<TestClickHouse> {
    const server = new TestClickHouse();
    await server.launch();
    return server;
  }

  /** As CLICKHOUSE_URL. */
  get url(): string {
    return `http://tidemark:secret@127.0.0.1:${this.port}/tidemark`;
  }

  /** Again with the same data and on the same port, after stop() or kill(). */
  async launch(): Promise<void> {
    this.child = spawn(process.execPath, [join(process.cwd(), 'test/support/clickhouse-server.mjs'), this.dataDir], {
      env: { ...process.env, PORT: String(this.port), CLICKHOUSE_TEST_PASSWORD: 'secret' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const [told] = (await Promise.race([once(this.child, 'message'), once(this.child, 'exit')])) as unknown[];
    if (typeof told !== 'object' || told === null) throw new Error(`the server exited with ${String(told)}`);
    ({ port: this.port, version: this.version } = told as { port: number; version: string });
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
