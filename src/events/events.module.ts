import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { AnalyticsModule } from '../analytics/analytics.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BatchDoorbell } from './batch-doorbell.js';
import { BatchProcessingService } from './batch-processing.service.js';
import { BatchesRepository } from './batches.repository.js';
import { CloudEventsService } from './doors/cloud-events.service.js';
import { SegmentLane } from './doors/segment-lane.js';
import { SegmentService } from './doors/segment.service.js';
import { EventContexts } from './enrichment/event-contexts.js';
import { EventEnricher } from './enrichment/event-enricher.js';
import { EventReader } from './event-reader.js';
import { EVENTS_QUEUE } from './events.jobs.js';
import { EventsService } from './events.service.js';
import { FailedEventsModule } from './failed/failed-events.module.js';
import { IngestLane } from './ingest-lane.js';
import { IngestRepository } from './ingest.repository.js';
import { IngestWriter } from './ingest-writer.js';
import { LaneAnswers } from './lane-answers.js';
import { QueueStatusService } from './queue-status.service.js';
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
    BatchDoorbell,
    BatchesRepository,
    CloudEventsService,
    EventContexts,
    EventEnricher,
    EventReader,
    EventsService,
    EventTypesService,
    IngestLane,
    IngestRepository,
    IngestWriter,
    LaneAnswers,
    QueueStatusService,
    SchemaGate,
    SchemaRegistry,
    SegmentLane,
    SegmentService,
  ],
  exports: [
    EventEnricher,
    FailedEventsModule,
    EventReader,
    EventsService,
    EventTypesService,
    IngestLane,
    QueueStatusService,
    SegmentLane,
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
