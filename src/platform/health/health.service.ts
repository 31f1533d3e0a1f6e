import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { ClickHouse } from '../clickhouse/clickhouse.js';
import { Database } from '../database/database.js';
import { PING } from '../database/server-sql.js';
import { QueueConnection } from '../queues/queues.js';
import { version } from '../config/version.js';
import { withTimeout } from '../scheduling/with-timeout.js';
import type { CheckResponse, HealthResponse } from './health.dto.js';

const CHECK_TIMEOUT_MS = 2_000;

@Injectable()
export class HealthService implements BeforeApplicationShutdown {
  private told = false;

  constructor(
    private readonly database: Database,
    private readonly queue: QueueConnection,
    private readonly clickhouse: ClickHouse,
  ) {}

  /** Called first on SIGTERM, so that load balancers stop sending requests before connections close. */
  stop(): void {
    this.told = true;
  }

  get stopping(): boolean {
    return this.told;
  }

  beforeApplicationShutdown(): void {
    this.stop();
  }

  /** Healthy as long as PostgreSQL answers: without its queue or ClickHouse Tidemark goes on, a little slower. */
  async report(): Promise<HealthResponse> {
    const [postgres, queue, clickhouse] = await Promise.all([
      check(this.postgres),
      check(this.queueCheck),
      this.clickhouse.isConfigured ? check(this.clickhouseCheck) : undefined,
    ]);
    return {
      status: postgres.status === 'up' ? 'healthy' : 'unhealthy',
      service: 'tidemark',
      version,
      uptime_s: Math.round(process.uptime()),
      checks: {
        postgres,
        queue: { ...queue, backend: this.queue.backend },
        ...(clickhouse === undefined ? {} : { clickhouse }),
      },
    };
  }

  async isReady(): Promise<boolean> {
    if (this.stopping) return false;
    const postgres = await check(this.postgres);
    return postgres.status === 'up' && !this.stopping;
  }

  private readonly postgres = shared(async () => {
    const start = performance.now();
    await this.database.health.query(PING);
    return performance.now() - start;
  });

  private readonly queueCheck = shared(() => this.queue.check());

  private readonly clickhouseCheck = shared(() => this.clickhouse.ping());
}

/** One probe at a time, because anybody may ask as often as they like: callers that ask meanwhile share its outcome. */
function shared(probe: () => Promise<number>): () => Promise<number> {
  let running: Promise<number> | undefined;
  return () => (running ??= probe().finally(() => (running = undefined)));
}

async function check(probe: () => Promise<number>): Promise<CheckResponse> {
  try {
    const latency = await withTimeout(probe(), CHECK_TIMEOUT_MS, 'timeout');
    return { status: 'up', latency_ms: Math.round(latency * 100) / 100 };
  } catch {
    return { status: 'down', latency_ms: null };
  }
}
