import { Module } from '@nestjs/common';
import { ReadingModule } from '../reading/reading.module.js';
import { EventContexts } from './event-contexts.js';
import { EventEnricher } from './event-enricher.js';

/** What is kept of the request that brought an event, and what is added to it later. */
@Module({
  imports: [ReadingModule],
  providers: [EventContexts, EventEnricher],
  exports: [EventContexts, EventEnricher],
})
export class EnrichmentModule {}
