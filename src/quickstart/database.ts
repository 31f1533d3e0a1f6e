import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../local-postgres/embedded-postgres.js';
import { PING } from '../platform/database/server-sql.js';
import { QuickstartError, type QuickstartOptions } from './options.js';
import { withClient } from '../local-postgres/postgres-client.js';
import { progress } from './progress.js';
import { runtimeUrl, uniqueLogin } from '../local-postgres/runtime-login.js';

const CHECK_EVERY_MS = 1000;
const RETRY_MS = 5000;

export interface DatabaseUrls {
  /** For the migrations. */
  owner: string;
  /** For everything else. */
  runtime: string;
}

/**
 * The PostgreSQL of this run: the embedded one, kept running, or a foreign one, which is not started or stopped here.
 */
export class Database {
  private server: EmbeddedPostgres | undefined;
  private watching: Promise<void> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(private readonly options: QuickstartOptions) {}

  async start(): Promise<DatabaseUrls> {
    const { databaseUrl: owner, dataDir } = this.options;
    if (owner !== undefined) {
      await checkReachable(owner);
      progress('using the PostgreSQL of QUICKSTART_DATABASE_URL');
      return { owner, runtime: runtimeUrl(owner, dataDir, uniqueLogin()) };
    }
    this.server = await startEmbeddedPostgres({ dataDir, onProgress: progress });
    const { adopted, port } = this.server;
    progress(`PostgreSQL ${adopted ? 'was still running' : 'is running'} on port ${port}, data in ${dataDir}`);
    this.watching = this.keepRunning(this.closing.signal);
    return { owner: this.server.url, runtime: this.server.runtimeUrl };
  }

  async stop(): Promise<void> {
    this.closing.abort();
    await this.watching;
    await this.server?.stop();
  }

  /** A postmaster can be killed, for example when memory runs out; the same port keeps the URL of the others valid. */
  private async keepRunning(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(CHECK_EVERY_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted || this.server === undefined || this.server.isRunning()) continue;
      progress('PostgreSQL ended unexpectedly; starting it again');
      await this.restart(this.server.port, signal);
    }
  }

  private async restart(port: number, signal: AbortSignal): Promise<void> {
    try {
      this.server = await startEmbeddedPostgres({ dataDir: this.options.dataDir, port, onProgress: progress });
      progress('PostgreSQL is running again');
    } catch (error) {
      progress(`${(error as Error).message}; trying again in ${RETRY_MS / 1000} s`);
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

async function checkReachable(url: string): Promise<void> {
  try {
    await withClient(url, (client) => client.query(PING));
  } catch (error) {
    const reason = (error as Error).message || (error as NodeJS.ErrnoException).code;
    throw new QuickstartError(
      `The PostgreSQL of QUICKSTART_DATABASE_URL does not answer: ${reason}. ` +
        'Correct it, or leave it out to use the embedded PostgreSQL.',
    );
  }
}
