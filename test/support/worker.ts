import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The real worker, built and in a process of its own. */
export class TestWorker {
  child: ChildProcess;
  private launched: [url: string, env: Record<string, string | undefined>, folder: string | undefined];

  /** Without waiting for anything. */
  static spawn(
    databaseUrl: string,
    env: Record<string, string | undefined> = {},
    stdout: 'inherit' | 'pipe' = 'inherit',
    folder = process.cwd(),
  ): ChildProcess {
    return spawn(process.execPath, [join(folder, 'dist', 'worker.js')], {
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        DATABASE_URL: databaseUrl,
        WORKER_HEALTH_PORT: '0',
        DB_POOL_SIZE: '8',
        LOG_LEVEL: 'error',
        ...env,
      },
      stdio: ['ignore', stdout, 'inherit', 'ipc'],
    });
  }

  static async start(databaseUrl: string, env: Record<string, string | undefined> = {}): Promise<TestWorker> {
    const worker = new TestWorker();
    await worker.launch(databaseUrl, env);
    return worker;
  }

  /** @param folder of another build */
  async launch(databaseUrl: string, env: Record<string, string | undefined> = {}, folder?: string): Promise<void> {
    this.launched = [databaseUrl, env, folder];
    const child = TestWorker.spawn(databaseUrl, env, 'inherit', folder);
    const [first] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
    if (first !== 'ready') throw new Error(`the worker exited with ${String(first)}`);
    this.child = child;
  }

  /** As before, after stop() or kill(). */
  async restart(): Promise<void> {
    await this.launch(...this.launched);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** SIGTERM. @returns the exit code */
  async stop(): Promise<number | null> {
    const exited = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill('SIGTERM');
    return (await exited)[0];
  }
}
