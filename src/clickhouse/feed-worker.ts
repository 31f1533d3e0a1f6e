import { Injectable, Logger } from '@nestjs/common';
import { drain } from '../platform/scheduling/drain.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { ClickHouseFeed } from './feed.js';
import { FeedRepository } from './feed.repository.js';
import { FedTables } from './fed-tables.repository.js';

/** What was counted is in ClickHouse a second later, and it gets one insert a second, not one for each batch. */
const PAUSE_MS = 1_000;
const HEARTBEAT_MS = 60_000;
const CLOSE_MS = 300_000;
const MAX_WAIT_MS = 30_000;

/** Feeds ClickHouse while there is a CLICKHOUSE_URL, and closes the feed when there is none any more. */
@Injectable()
export class FeedWorker {
  private readonly logger = new Logger(FeedWorker.name);
  private failures = 0;
  private nextTry = 0;
  private nextHeartbeat = 0;

  constructor(
    private readonly feeds: FeedRepository,
    private readonly feed: ClickHouseFeed,
    tables: FedTables,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'clickhouse',
      schedule: { pauseMs: tables.isConfigured ? PAUSE_MS : CLOSE_MS },
      run: (signal) => (tables.isConfigured ? this.run(signal) : this.close()),
      onError: (error) => this.logger.warn(`ClickHouse is behind: ${error.message}`),
    });
  }

  /** What waits, waits in PostgreSQL: neither ingest nor counting notices that ClickHouse is away. */
  async run(signal: AbortSignal): Promise<void> {
    if (performance.now() < this.nextTry) return;
    try {
      await this.showInterest();
      if (await this.feeds.hasWork()) await drain(signal, () => this.feed.step());
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.nextTry = performance.now() + Math.min(MAX_WAIT_MS, 1_000 * 2 ** Math.min(this.failures, 5));
      throw error;
    }
  }

  private async showInterest(): Promise<void> {
    if (performance.now() < this.nextHeartbeat) return;
    await this.feeds.open();
    this.nextHeartbeat = performance.now() + HEARTBEAT_MS;
  }

  private async close(): Promise<void> {
    if (await this.feeds.closeForgotten()) {
      this.logger.log('no worker has CLICKHOUSE_URL any more: the feed is closed, and nothing waits for it');
    }
  }
}
