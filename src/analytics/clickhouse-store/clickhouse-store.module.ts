import { Module } from '@nestjs/common';
import { ClickHouseEventStore } from './clickhouse-event-store.js';
import { TenantStatements } from './tenant-statements.js';

/** Questions about the events themselves, answered by ClickHouse. */
@Module({ providers: [ClickHouseEventStore, TenantStatements], exports: [ClickHouseEventStore] })
export class ClickHouseStoreModule {}
