import { Module } from '@nestjs/common';
import { EventStore } from '../event-store/event-store.js';
import { UnseenProperties } from '../event-store/unseen-properties.js';
import { PostgresqlEventStore } from '../postgresql-store/postgresql-event-store.js';
import { PostgresqlStoreModule } from '../postgresql-store/postgresql-store.module.js';

/** Who answers what is asked of the events themselves. */
@Module({
  imports: [PostgresqlStoreModule],
  providers: [{ provide: EventStore, useExisting: PostgresqlEventStore }, UnseenProperties],
  exports: [EventStore, UnseenProperties, PostgresqlStoreModule],
})
export class EnginesModule {}
