import { Module } from '@nestjs/common';
import { ClickHouseClientModule } from '../platform/clickhouse/clickhouse-client.module.js';
import { Backfill } from './backfill.js';
import { ClickHouseFeed } from './feed.js';
import { FeedRepository } from './feed.repository.js';
import { FedTables } from './fed-tables.repository.js';
import { Reconciliation } from './reconciliation.js';
import { DayCountsRepository } from './day-counts.repository.js';

/** What fills ClickHouse. The periodic task that does is on the page of the worker. */
@Module({
  imports: [ClickHouseClientModule],
  providers: [Backfill, ClickHouseFeed, DayCountsRepository, FeedRepository, FedTables, Reconciliation],
  exports: [Backfill, ClickHouseFeed, FeedRepository, FedTables, Reconciliation],
})
export class ClickHouseModule {}
