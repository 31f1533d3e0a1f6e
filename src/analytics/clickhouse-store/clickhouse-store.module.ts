import { Module } from '@nestjs/common';
import { ClickHouseClientModule } from '../../platform/clickhouse/clickhouse-client.module.js';
import { ClickHouseEventStore } from './clickhouse-event-store.js';
import { TenantStatements } from './tenant-statements.js';

/** Questions about the events themselves, answered by ClickHouse. */
@Module({
  imports: [ClickHouseClientModule],
  providers: [ClickHouseEventStore, TenantStatements],
  exports: [ClickHouseEventStore],
})
export class ClickHouseStoreModule {}
