import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { BatchNotifier } from '../processing/batch-notifier.js';
import { BatchProcessingModule } from '../events.module.js';
import { EventContexts } from '../enrichment/event-contexts.js';
import { IngestRepository } from '../ingest/ingest.repository.js';
import { IngestWriter } from '../ingest/ingest-writer.js';
import { SchemaGate } from '../schemas/schema-gate.js';
import { SchemaRegistry } from '../schemas/schema-registry.js';
import { JobNotifier } from './job-notifier.js';
import { JobsRepository } from './jobs.repository.js';
import { JOBS_QUEUE } from './jobs.jobs.js';
import { JobsService } from './jobs.service.js';
import { SampleDataService } from '../sample-data/sample-data.service.js';
import { SampleDataWriter } from '../sample-data/sample-data-writer.js';

/** Asking for jobs and following them, without a queue: what the command line needs. */
@Module({ providers: [JobsRepository, JobsService], exports: [JobsRepository, JobsService] })
export class JobsModule {}

/** … and telling the workers: what the API needs. */
@Module({
  imports: [JobsModule, BullModule.registerQueue({ name: JOBS_QUEUE })],
  providers: [JobNotifier, SampleDataService],
  exports: [JobsModule, SampleDataService],
})
export class JobRequestsModule {}

/** Doing them, by way of the same writer that the API has: what the worker needs. */
@Module({
  imports: [JobsModule, BatchProcessingModule, BullModule.registerQueue({ name: JOBS_QUEUE })],
  providers: [
    BatchNotifier,
    EventContexts,
    IngestRepository,
    IngestWriter,
    SampleDataWriter,
    SchemaGate,
    SchemaRegistry,
  ],
  exports: [JobsModule, SampleDataWriter, BullModule],
})
export class JobRunningModule {}
