import { ClickHouseFeed } from '../../src/clickhouse/feed.js';
import { Backfill } from '../../src/clickhouse/backfill.js';
import { DayCountsRepository } from '../../src/clickhouse/day-counts.repository.js';
import { FeedRepository } from '../../src/clickhouse/feed.repository.js';
import { FedTables } from '../../src/clickhouse/fed-tables.repository.js';
import { FeedWorker } from '../../src/clickhouse/feed-worker.js';
import { type FeedDifference, Reconciliation } from '../../src/clickhouse/reconciliation.js';
import { ClickHouse } from '../../src/platform/clickhouse/clickhouse.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { unstartedTasks } from './periodic-tasks.js';

const EVER = { from: Date.UTC(2000, 0, 1), to: Date.UTC(2100, 0, 1) };

export interface FedRow {
  id: string;
  event_id: string;
  user_id: string | null;
  payload: string;
  enrichment: string;
  properties: Record<string, string>;
  added: Record<string, string>;
}

/** What a worker has of the feed, without timers. */
export class TestFeed {
  readonly clickhouse: ClickHouse;
  readonly feeds: FeedRepository;
  readonly tables: FedTables;
  readonly feed: ClickHouseFeed;
  readonly backfill: Backfill;
  readonly reconciliation: Reconciliation;
  readonly worker: FeedWorker;
  private readonly database: Database;

  constructor(databaseUrl: string, clickhouseUrl: string | undefined) {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, CLICKHOUSE_URL: clickhouseUrl });
    this.database = new Database(config);
    this.clickhouse = new ClickHouse(config);
    this.feeds = new FeedRepository(this.database);
    this.tables = new FedTables(this.clickhouse);
    this.feed = new ClickHouseFeed(this.database, this.feeds, this.tables);
    this.backfill = new Backfill(this.database, this.feeds, this.feed, this.tables);
    const counts = new DayCountsRepository();
    this.reconciliation = new Reconciliation(this.database, counts, this.feeds, this.feed, this.tables);
    this.worker = new FeedWorker(this.feeds, this.feed, this.tables, unstartedTasks());
  }

  /** Sends what waits, and has older versions removed where they must not stay. */
  async drain(): Promise<void> {
    while ((await this.feed.step()) || (await this.isWaiting()));
  }

  private async isWaiting(): Promise<boolean> {
    const { rows } = await this.database.system.query(
      '/* test.isWaiting */ select from clickhouse_changes union all select from clickhouse_removals limit 1',
    );
    return rows.length > 0;
  }

  /** After everything was sent: what is not the same in both. */
  compare(repair = false): Promise<FeedDifference[]> {
    return this.reconciliation.compare(EVER, { repair });
  }

  /** As a question reads them, in the order of ids of PostgreSQL. */
  rows(): Promise<FedRow[]> {
    return this.clickhouse.query<FedRow>(
      `/* test.rows */ SELECT id, event_id, user_id, payload, enrichment, payload_properties AS properties,
         enrichment_properties AS added FROM tidemark.events FINAL ORDER BY toUInt128(id)`,
    );
  }

  /** Every row in every file, also those that no question reads. */
  async dump(): Promise<string> {
    return JSON.stringify(await this.clickhouse.query('/* test.dump */ SELECT * FROM tidemark.events'));
  }

  async count(): Promise<{ events: number; ids: number }> {
    const [row] = await this.clickhouse.query<{ events: number; ids: number }>(
      '/* test.count */ SELECT count() AS events, uniqExact(tenant_id, id) AS ids FROM tidemark.events FINAL',
    );
    return row!;
  }

  async stop(): Promise<void> {
    await this.clickhouse.onApplicationShutdown();
    await this.database.onApplicationShutdown();
  }
}
