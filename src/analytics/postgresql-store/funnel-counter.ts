import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { noteAsOf } from '../../platform/database/as-of.js';
import { Database, databaseError } from '../../platform/database/database.js';
import { writeJson } from '../../platform/json/json-text.js';
import { packageRoot } from '../../platform/config/package-root.js';
import { Problem } from '../../platform/http/problem.js';
import type { TimeRange } from '../../platform/time/time.js';
import type { FunnelDefinition, ReachedStep } from '../event-store/funnel-definition.js';
import type { Effort } from '../sampling/sample.js';
import { FunnelsRepository } from './funnels.repository.js';

/** Following more events would block other requests for longer than some milliseconds. */
const MAX_EVENTS_HERE = 20_000;
/** Funnels that the thread counts at a time, each on its own connection. */
const MAX_RUNNING = 2;
const MAX_WAITING = 20;
/** The smallest pool that leaves the thread this many connections for queries. */
const THREAD_POOL_SIZE = 4;

export interface FunnelJob {
  id: number;
  tenantId: string;
  range: TimeRange;
  /** JSON of a FunnelDefinition: a message would make plain objects of exact numbers. */
  definition: string;
  effort: Effort;
}

export interface CountedSteps {
  steps: ReachedStep[];
  /** When a replica has counted. */
  as_of?: string;
}

export interface FunnelOutcome extends Partial<CountedSteps> {
  id: number;
  error?: { message: string; code?: string | undefined; sqlState: string | undefined };
}

interface Waiting {
  job: FunnelJob;
  resolve: (counted: CountedSteps) => void;
  reject: (error: Error) => void;
}

/**
 * Counts funnels: small ones here, those of many events in a separate thread with its own connections, so that ingest
 * is hardly slower meanwhile. The thread starts with the first funnel that needs it.
 */
@Injectable()
export class FunnelCounter implements OnApplicationShutdown {
  /** Tests lower it to use the thread with little data. */
  maxEventsHere = MAX_EVENTS_HERE;
  private readonly running = new Map<number, Waiting>();
  private readonly waiting: Waiting[] = [];
  private thread: Worker | undefined;
  private jobs = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly funnels: FunnelsRepository,
  ) {}

  /**
   * How many users reached each step, for each value of `group_by` if there is one.
   * @throws Problem 503 when too many wait
   */
  async countSteps(
    tenantId: string,
    range: TimeRange,
    definition: FunnelDefinition,
    effort: Effort = {},
  ): Promise<ReachedStep[]> {
    const few = await this.database.readOnReplica(tenantId, (sql) =>
      this.funnels.hasFewEvents(sql, tenantId, range, definition, this.maxEventsHere),
    );
    if (few) {
      return this.database.readOnReplica(tenantId, (sql) =>
        this.funnels.countSteps(sql, tenantId, range, definition, effort),
      );
    }
    if (this.waiting.length >= MAX_WAITING) {
      throw new Problem(503, 'Too many funnels are being counted. Ask again later.', { retryAfterSeconds: 5 });
    }
    const { steps, as_of: asOf } = await new Promise<CountedSteps>((resolve, reject) => {
      this.waiting.push({
        job: { id: ++this.jobs, tenantId, range, definition: writeJson(definition), effort },
        resolve,
        reject,
      });
      this.runNext();
    });
    if (asOf !== undefined) noteAsOf(Date.parse(asOf));
    return steps;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.thread?.terminate();
  }

  private runNext(): void {
    while (this.running.size < MAX_RUNNING) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.running.set(next.job.id, next);
      this.thread ??= this.start();
      this.thread.postMessage(next.job);
    }
  }

  private start(): Worker {
    // From the build, for tests too: a thread loads its modules itself.
    const thread = new Worker(join(packageRoot, 'dist', 'analytics', 'postgresql-store', 'funnel-counter.thread.js'), {
      workerData: { ...this.config, DB_POOL_SIZE: THREAD_POOL_SIZE },
    });
    thread.on('message', (outcome: FunnelOutcome) => this.settle(outcome));
    const lose = (message: string) => {
      if (this.thread !== thread) return;
      this.thread = undefined;
      for (const id of [...this.running.keys()]) this.settle({ id, error: { message, sqlState: undefined } });
    };
    thread.on('error', (error: Error) => lose(error.message));
    thread.on('exit', () => lose('the thread that counts funnels has ended'));
    thread.unref();
    return thread;
  }

  private settle({ id, steps, error, ...counted }: FunnelOutcome): void {
    const job = this.running.get(id);
    if (!this.running.delete(id) || job === undefined) return;
    if (steps !== undefined) job.resolve({ steps, ...counted });
    else job.reject(databaseError(error?.message ?? '', error?.sqlState, error?.code));
    this.runNext();
  }
}
