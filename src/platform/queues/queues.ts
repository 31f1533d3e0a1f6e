import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createPostgresBackend, type QueueOptions, setDefaultBackendFactory, type Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Config } from '../config/config.js';
import { connectionString, surviveConnectionErrors } from '../database/database.js';
import { QUEUE_SCHEMA } from '../database/queue-schema.js';
import { RareWarning } from '../logging/rare-warning.js';

export type QueueBackend = 'redis' | 'postgres';

/** `producer` gives up at once when the queue is away; `consumer` keeps trying for ever. */
export type QueueRole = 'producer' | 'consumer';

/**
 * The connection BullMQ works on: Redis when REDIS_URL is set, else PostgreSQL.
 * This file is the only one that knows which. Queues hold ids, so nothing here is worth waiting for:
 * what a lost queue forgets, the poller finds in PostgreSQL.
 */
@Injectable()
export class QueueConnection implements OnApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(QueueConnection.name));
  readonly backend: QueueBackend;
  readonly connection: Redis | pg.Pool;

  constructor(
    config: Config,
    readonly role: QueueRole,
  ) {
    this.backend = config.REDIS_URL === undefined ? 'postgres' : 'redis';
    this.connection = config.REDIS_URL === undefined ? this.postgres(config, role) : this.redis(config.REDIS_URL, role);
  }

  /** Round trip to the queue in milliseconds; rejects when it is away. */
  async ping(): Promise<number> {
    const start = performance.now();
    if (this.connection instanceof Redis) await this.connection.ping();
    else await this.connection.query('select 1');
    return performance.now() - start;
  }

  /**
   * To be called before BullMQ closes `worker`: it would wait for a Redis that is away to come back and take its goodbye.
   * A job that runs goes on; its transaction is waited for where the pools are closed.
   */
  async leaveIfAway(worker: Worker): Promise<void> {
    if (this.connection instanceof Redis && this.connection.status !== 'ready') await worker.close(true);
  }

  /** BullMQ closes its queues and workers in this same phase, but not connections that were given to it. */
  async onApplicationShutdown(): Promise<void> {
    if (this.connection instanceof Redis) this.connection.disconnect();
    else await this.connection.end();
  }

  private redis(url: string, role: QueueRole): Redis {
    const redis = new Redis(url, {
      connectTimeout: 2_000,
      retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
      ...(role === 'producer'
        ? { maxRetriesPerRequest: 1, enableOfflineQueue: false }
        : { maxRetriesPerRequest: null }),
    });
    redis.on('error', (error: Error) => this.report(error));
    return redis;
  }

  /** Commits of the queue need no flush: a job that is lost with the server is re-made by the poller. */
  private postgres(config: Config, role: QueueRole): pg.Pool {
    const options = `-c search_path=${QUEUE_SCHEMA} -c synchronous_commit=off`;
    const pool = new pg.Pool({
      connectionString: connectionString(config.DATABASE_URL, 'tidemark_system', options),
      application_name: `tidemark-queue-${role}`,
      max: role === 'producer' ? 2 : 6,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
    });
    return surviveConnectionErrors(pool, (error) => this.report(error));
  }

  private report(error: Error): void {
    this.warning.warn(`The ${this.backend} queue is away: ${error.message}. Batches wait for the poller.`);
  }
}

export const queueRoot = (): DynamicModule =>
  BullModule.forRootAsync({ inject: [QueueConnection], useFactory: queueOptions });

/**
 * BullMQ looks once at the schema and keeps the outcome for ever. When that look failed, because PostgreSQL was just going
 * away, its worker asked again and again without ever waiting for anything: nothing else in the process ran any more, the
 * handler of SIGTERM included. Our own migrations make the schema, so there is no need to look.
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
    // Both make BullMQ wait for Redis at start, and fail for good when it is away: a producer must start without it.
    ...(queue.role === 'producer' ? { skipWaitingForReady: true, skipVersionCheck: true } : {}),
    defaultJobOptions: {
      removeOnComplete: { age: 3_600, count: 100 },
      removeOnFail: { age: 86_400, count: 1_000 },
    },
  };
}
