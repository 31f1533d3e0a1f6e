import { Module } from '@nestjs/common';
import { ClickHouseClientModule } from '../../platform/clickhouse/clickhouse-client.module.js';
import { ClickHouseStoreModule } from '../clickhouse-store/clickhouse-store.module.js';
import { EventStore } from '../event-store/event-store.js';
import { UnseenProperties } from '../event-store/unseen-properties.js';
import { PostgresqlStoreModule } from '../postgresql-store/postgresql-store.module.js';
import { EventEngines } from './event-engines.js';

/** Who answers what is asked of the events themselves. */
@Module({
  imports: [ClickHouseClientModule, ClickHouseStoreModule, PostgresqlStoreModule],
  providers: [EventEngines, { provide: EventStore, useExisting: EventEngines }, UnseenProperties],
  exports: [EventStore, UnseenProperties, PostgresqlStoreModule],
})
export class EnginesModule {}
