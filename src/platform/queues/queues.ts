import { setTimeout as delay } from 'node:timers/promises';
import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createPostgresBackend, type QueueOptions, setDefaultBackendFactory, type Worker } from 'bullmq';
import pg from 'pg';
import type { Config } from '../config/config.js';
import { surviveConnectionErrors } from '../database/database.js';
import { QUEUE_SCHEMA } from '../database/queue-schema.js';
import { Client } from '../database/pg-client.js';
import { sessionOf } from '../database/session.js';
import { RareWarning } from '../logging/rare-warning.js';
import { PING } from '../database/server-sql.js';
import { openRedis, type RetryRules, type RedisClient, type RedisConfig } from '../redis/redis-client.js';
import { checkRedis, describeRedisFault, UnfitRedisError, whenReady } from '../redis/redis-fitness.js';

export type QueueBackend = 'redis' | 'postgres';

const START_CHECK_MS = 2_000;
const LEAVE_CHECK_MS = 500;

/** `producer` gives up at once when the queue is away; `consumer` keeps trying for ever. */
export type QueueRole = 'producer' | 'consumer';

const RETRIES: Readonly<Record<QueueRole, RetryRules>> = {
  producer: { reconnects: true, maxRetriesPerRequest: 1, enableOfflineQueue: false },
  consumer: { reconnects: true, maxRetriesPerRequest: null, enableOfflineQueue: true },
};

/**
 * The connection BullMQ works on: Redis when REDIS_URL is set, else PostgreSQL. This file is the only one that knows
 * which. Queues hold only ids, so nothing here needs to be waited for: what a lost queue held, the poller finds in
 * PostgreSQL.
 */
@Injectable()
export class QueueConnection implements OnApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(QueueConnection.name));
  readonly backend: QueueBackend;
  readonly connection: RedisClient | pg.Pool;

  constructor(
    config: Config,
    readonly role: QueueRole,
  ) {
    const { REDIS_URL, REDIS_CA_FILE } = config;
    this.backend = REDIS_URL === undefined ? 'postgres' : 'redis';
    this.connection =
      REDIS_URL === undefined ? this.postgres(config, role) : this.redis({ REDIS_URL, REDIS_CA_FILE }, role);
  }

  /** @throws UnfitRedisError */
  static async open(config: Config, role: QueueRole): Promise<QueueConnection> {
    const queue = new QueueConnection(config, role);
    await queue.refuseUnfit();
    return queue;
  }

  /** Milliseconds that the queue takes to answer; rejects when it is away, or cannot do its work. */
  async check(): Promise<number> {
    if (!(this.connection instanceof pg.Pool)) return checkRedis(this.connection);
    const start = performance.now();
    await this.connection.query(PING);
    return performance.now() - start;
  }

  /**
   * Refuses, at start, a Redis that can never do the work. One that is away may come back: it is not waited for.
   * @throws UnfitRedisError
   */
  private async refuseUnfit(): Promise<void> {
    if (this.connection instanceof pg.Pool) return;
    try {
      await whenReady(this.connection, START_CHECK_MS);
      await this.check();
    } catch (error) {
      if (!(error instanceof UnfitRedisError)) return;
      this.connection.disconnect();
      throw error;
    }
  }

  /**
   * Call it before BullMQ closes `worker`: otherwise BullMQ waits for a Redis that is away, to sign off. A running job
   * goes on; closing the pools waits for its transaction.
   */
  async leaveIfAway(worker: Worker): Promise<void> {
    if (this.backend === 'redis' && !(await this.answers())) await worker.close(true);
  }

  /** A cluster counts as connected, also while the node of the queues is away. */
  private answers(): Promise<boolean> {
    const answered = this.check().then(
      () => true,
      () => false,
    );
    return Promise.race([answered, delay(LEAVE_CHECK_MS, false, { ref: false })]);
  }

  /** BullMQ closes its queues and workers in this same phase, but not connections that were given to it. */
  async onApplicationShutdown(): Promise<void> {
    if (this.connection instanceof pg.Pool) await this.connection.end();
    else this.connection.disconnect();
  }

  private redis(config: RedisConfig, role: QueueRole): RedisClient {
    const redis = openRedis(config, RETRIES[role]);
    redis.on('error', (error: Error) => this.report(error));
    return redis;
  }

  /** Commits of the queue need no flush: the poller replaces a job that is lost with the server. */
  private postgres(config: Config, role: QueueRole): pg.Pool {
    const settings = { search_path: QUEUE_SCHEMA, synchronous_commit: 'off' };
    const pool = new pg.Pool({
      ...sessionOf(config.DATABASE_URL, 'tidemark_system', settings),
      application_name: `tidemark-queue-${role}`,
      max: role === 'producer' ? 2 : 6,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      Client,
    });
    return surviveConnectionErrors(pool, (error) => this.report(error));
  }

  private report(error: Error): void {
    this.warning.warn(`The ${this.backend} queue is away: ${describeRedisFault(error)}. Batches wait for the poller.`);
  }
}

export const queueRoot = (): DynamicModule =>
  BullModule.forRootAsync({ inject: [QueueConnection], useFactory: queueOptions });

/**
 * BullMQ checks the schema once and keeps the outcome. When that check failed, because PostgreSQL was just going away,
 * its worker repeated it in a busy loop: nothing else in the process ran any more, not even the handler of SIGTERM. Our
 * own migrations make the schema, so the check is not needed.
 */
const createBackend: typeof createPostgresBackend = (name, options, factoryOptions) => {
  const backend = createPostgresBackend(name, options, factoryOptions);
  backend['connection'].waitUntilReady = () => Promise.resolve();
  return backend;
};

function queueOptions(queue: QueueConnection): QueueOptions {
  // Process-wide and read when a queue is built: this factory runs before any of them.
  if (queue.backend === 'postgres') setDefaultBackendFactory(createBackend);
  else setDefaultBackendFactory();
  return {
    connection: queue.connection,
    // Hash-tagged, so that one queue stays in one slot of a Redis Cluster.
    ...(queue.backend === 'redis' ? { prefix: '{tidemark}' } : {}),
    // Both make BullMQ wait for Redis at start, and fail for good when it is away. But a producer must start without
    // Redis.
    ...(queue.role === 'producer' ? { skipWaitingForReady: true, skipVersionCheck: true } : {}),
    defaultJobOptions: {
      removeOnComplete: { age: 3_600, count: 100 },
      removeOnFail: { age: 86_400, count: 1_000 },
    },
  };
}
