import { rollupDifference } from './recount.js';
import { PLATFORM_KEY } from './api.js';
import { TestApiProcess } from './api-process.js';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { LiveClient } from './live.js';
import { TestWorker } from './worker.js';

interface Answer<T> {
  status: number;
  body: T;
}

const SENDERS = 4;

/** Two APIs and a worker under load, while something that they stand on fails over. */
export class LoadedStack {
  private readonly acked: string[] = [];
  /** Answers to events that were not 202. */
  readonly failed: number[] = [];
  private senders: Promise<void>[] = [];
  private isSending = false;

  private constructor(
    private readonly database: TestDatabase,
    readonly apis: readonly TestApiProcess[],
    readonly worker: TestWorker,
    readonly live: LiveClient,
    private readonly key: string,
  ) {}

  static async start(database: TestDatabase, settings: Record<string, string>): Promise<LoadedStack> {
    // The failover is in the log as well, and is meant to be.
    const env = { ...settings, LOG_LEVEL: 'fatal' };
    const [worker, ...apis] = await Promise.all([
      TestWorker.start(database.url, env),
      ...[1, 2].map(() => TestApiProcess.start(database.url, env)),
    ]);
    const { id } = (await send<{ id: string }>(apis[0]!, '/tenants', PLATFORM_KEY, { name: `Load ${apis[0]!.port}` }))
      .body;
    const key = await createKey(apis[0]!, id, { rate_limit: 1_000_000, rate_window_s: 60 });
    const live = await LiveClient.connect(`http://127.0.0.1:${apis[1]!.port}`, { token: key });
    await live.subscribe({});
    return new LoadedStack(database, apis, worker, live, key);
  }

  get ackedCount(): number {
    return this.acked.length;
  }

  startLoad(): void {
    this.isSending = true;
    this.senders = Array.from({ length: SENDERS }, (_, n) => this.sendUntilStopped(n));
  }

  async stopLoad(): Promise<void> {
    this.isSending = false;
    await Promise.all(this.senders);
  }

  private async sendUntilStopped(sender: number): Promise<void> {
    for (let n = 0; this.isSending; n++) {
      const id = `${sender}-${n}`;
      const { status } = await send(this.apis[n % 2]!, '/events', this.key, { event_type: 'load', event_id: id });
      if (status === 202) this.acked.push(id);
      else this.failed.push(status);
    }
  }

  async queueStates(): Promise<string[]> {
    const answers = await Promise.all(this.apis.map((api) => fetch(api.url('/health'))));
    const reports = await Promise.all(
      answers.map((answer) => answer.json() as Promise<{ checks: { queue: { status: string } } }>),
    );
    return reports.map(({ checks }) => checks.queue.status);
  }

  /** How many of 24 parallel requests, to both APIs, each of `tenants` new keys with a limit of 10 lets through. */
  async passes(tenants: number): Promise<number[]> {
    return Promise.all(
      Array.from({ length: tenants }, async () => {
        const made = await send<{ id: string }>(this.apis[0]!, '/tenants', PLATFORM_KEY, { name: 'Limited' });
        const key = await createKey(this.apis[0]!, made.body.id, { rate_limit: 10, rate_window_s: 600 });
        const answers = await Promise.all(
          Array.from({ length: 24 }, (_, n) => send(this.apis[n % 2]!, '/auth/info', key, undefined, 'GET')),
        );
        return answers.filter(({ status }) => status !== 429).length;
      }),
    );
  }

  /** Once everything acknowledged is counted: what is missing, what is there twice, and what counts are wrong by. */
  async verdict(): Promise<Verdict> {
    await eventually(async () => {
      const [row] = await this.database.query<{ left: number }>(
        `select count(*)::int as left from ingest_batches where status <> 'processed'`,
      );
      if (row?.left !== 0) throw new Error(`${row?.left} batches wait`);
    }, 20_000);
    const rows = await this.database.query<{ event_id: string }>(
      `select event_id from events where event_type = 'load'`,
    );
    const stored = new Set(rows.map(({ event_id }) => event_id));
    const [lag] = await this.database.query<{ seconds: number }>(
      `select extract(epoch from max(processed_at - received_at))::float8 as seconds from ingest_batches`,
    );
    return {
      lost: this.acked.filter((id) => !stored.has(id)).length,
      twice: rows.length - stored.size,
      failed: this.failed.length,
      wronglyCounted: await rollupDifference(this.database),
      lagSeconds: lag!.seconds,
    };
  }

  /** An event of its own; @returns how long it waited for the worker, in seconds. */
  async ring(): Promise<number> {
    const { body } = await send<{ id: string }>(this.apis[0]!, '/events', this.key, { event_type: 'bell' });
    return eventually(async () => {
      const [row] = await this.database.query<{ seconds: number }>(
        `select extract(epoch from b.processed_at - e.received_at)::float8 as seconds
         from events e join ingest_batches b on b.id = e.batch_id where e.id = $1 and b.status = 'processed'`,
        [body.id],
      );
      if (row === undefined) throw new Error('the event waits');
      return row.seconds;
    });
  }

  async stop(): Promise<(number | null)[]> {
    this.live.close();
    return Promise.all([...this.apis, this.worker].map((process) => process.stop()));
  }
}

export interface Verdict {
  lost: number;
  twice: number;
  failed: number;
  wronglyCounted: number;
  lagSeconds: number;
}

async function send<T>(
  api: TestApiProcess,
  path: string,
  key: string,
  body?: unknown,
  method = 'POST',
  tenant?: string,
): Promise<Answer<T>> {
  const answer = await fetch(api.url(path), {
    method,
    headers: {
      'X-API-Key': key,
      'Content-Type': 'application/json',
      ...(tenant === undefined ? {} : { 'X-Tenant-Id': tenant }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

/** Refused as long as the shared limits cannot be reached. */
async function createKey(api: TestApiProcess, tenant: string, limits: object): Promise<string> {
  const wanted = { client_id: 'load', name: 'load', scopes: ['read', 'write'], ...limits };
  return eventually(async () => {
    const { status, body } = await send<{ key: string }>(api, '/keys', PLATFORM_KEY, wanted, 'POST', tenant);
    if (status !== 201) throw new Error(`POST /keys answered ${status}`);
    return body.key;
  });
}
