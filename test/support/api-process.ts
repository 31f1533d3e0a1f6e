import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PLATFORM_KEY } from './api.js';
import { eventually } from './eventually.js';
import { freePort } from './redis.js';

/** The real API, built and in a process of its own. */
export class TestApiProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  /** Without waiting for anything. @param folder of another build */
  static spawn(
    databaseUrl: string,
    port: number,
    env: Record<string, string | undefined> = {},
    stdout: 'inherit' | 'pipe' = 'inherit',
    folder = process.cwd(),
  ): ChildProcess {
    return spawn(process.execPath, [join(folder, 'dist', 'main.js')], {
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        DATABASE_URL: databaseUrl,
        PORT: String(port),
        HOST: '127.0.0.1',
        PLATFORM_API_KEY: PLATFORM_KEY,
        DB_POOL_SIZE: '8',
        LOG_LEVEL: 'error',
        ...env,
      },
      stdio: ['ignore', stdout, 'inherit', 'ipc'],
    });
  }

  static async start(
    databaseUrl: string,
    env: Record<string, string | undefined> = {},
    chosen?: number,
    folder?: string,
  ): Promise<TestApiProcess> {
    const port = chosen ?? (await freePort());
    const child = TestApiProcess.spawn(databaseUrl, port, env, 'inherit', folder);
    const started = new TestApiProcess(child, port);
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`the API exited with ${child.exitCode}`);
      if ((await fetch(started.url('/health/ready'))).status !== 200) throw new Error('the API is not ready');
    }, 25_000);
    return started;
  }

  /** `path` is below /api/v1. */
  url(path: string): string {
    return `http://127.0.0.1:${this.port}/api/v1${path}`;
  }

  /** SIGTERM. @returns the exit code */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill('SIGTERM');
    return (await exited)[0];
  }
}
