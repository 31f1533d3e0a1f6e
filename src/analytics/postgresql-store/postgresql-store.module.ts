import { Module } from '@nestjs/common';
import { SamplingModule } from '../sampling/sampling.module.js';
import { BreakdownRepository } from './breakdown.repository.js';
import { FilteredEventsRepository } from './filtered-events.repository.js';
import { FunnelCounter } from './funnel-counter.js';
import { FunnelsRepository } from './funnels.repository.js';
import { PostgresqlEventStore } from './postgresql-event-store.js';
import { QueryCountsRepository } from './query-counts.repository.js';
import { RetentionRepository } from './retention.repository.js';
import { UserEventsRepository } from './user-events.repository.js';

/** Questions about the events themselves, answered by PostgreSQL. */
@Module({
  imports: [SamplingModule],
  providers: [
    BreakdownRepository,
    FilteredEventsRepository,
    FunnelCounter,
    FunnelsRepository,
    PostgresqlEventStore,
    QueryCountsRepository,
    RetentionRepository,
    UserEventsRepository,
  ],
  exports: [FunnelsRepository, PostgresqlEventStore],
})
export class PostgresqlStoreModule {}
