import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { AnalyticsModule } from '../analytics/analytics.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BatchNotifier } from './processing/batch-notifier.js';
import { BatchProcessingService } from './processing/batch-processing.service.js';
import { BatchesRepository } from './processing/batches.repository.js';
import { CloudEventsService } from './cloudevents/cloud-events.service.js';
import { SegmentService } from './segment/segment.service.js';
import { EventContexts } from './enrichment/event-contexts.js';
import { EventEnricher } from './enrichment/event-enricher.js';
import { EventReader } from './reading/event-reader.js';
import { EVENTS_QUEUE } from './processing/events.jobs.js';
import { EventsService } from './ingest/events.service.js';
import { FailedEventsModule } from './dead-letters/failed-events.module.js';
import { IngestRepository } from './ingest/ingest.repository.js';
import { IngestWriter } from './ingest/ingest-writer.js';
import { QueueStatusService } from './processing/queue-status.service.js';
import { EventTypesService } from './schemas/event-types.service.js';
import { SchemaGate } from './schemas/schema-gate.js';
import { SchemaRegistry } from './schemas/schema-registry.js';

/** Taking events in and reading them back: what the API process needs. */
@Module({
  imports: [
    AnalyticsModule,
    AuditModule,
    AuthModule,
    FailedEventsModule,
    BullModule.registerQueue({ name: EVENTS_QUEUE }),
  ],
  providers: [
    BatchNotifier,
    BatchesRepository,
    CloudEventsService,
    EventContexts,
    EventEnricher,
    EventReader,
    EventsService,
    EventTypesService,
    IngestRepository,
    IngestWriter,
    QueueStatusService,
    SchemaGate,
    SchemaRegistry,
    SegmentService,
  ],
  exports: [
    CloudEventsService,
    EventEnricher,
    FailedEventsModule,
    EventReader,
    EventsService,
    EventTypesService,
    QueueStatusService,
    SegmentService,
  ],
})
export class EventsModule {}

/** Processing batches and retrying dead letters: what the worker process needs. */
@Module({
  imports: [AnalyticsModule, FailedEventsModule, BullModule.registerQueue({ name: EVENTS_QUEUE })],
  providers: [BatchProcessingService, BatchesRepository],
  exports: [BatchProcessingService, BatchesRepository, BullModule, FailedEventsModule],
})
export class BatchProcessingModule {}
