import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { IngestWritingModule } from '../ingest/ingest.module.js';
import { ProcessingModule } from '../processing/processing.module.js';
import { SchemasModule } from '../schemas/schemas.module.js';
import { JobNotifier } from './job-notifier.js';
import { JobsRepository } from './jobs.repository.js';
import { JobsService } from './jobs.service.js';
import { SampleDataWriter } from './sample-data-writer.js';
import { SampleDataService } from './sample-data.service.js';
import { JOBS_QUEUE } from './jobs.jobs.js';

const JOBS_QUEUE_MODULE = BullModule.registerQueue({ name: JOBS_QUEUE });

/** Asking for jobs and following them, without a queue: what the command line needs. */
@Module({
  providers: [JobsRepository, JobsService],
  exports: [JobsRepository, JobsService],
})
export class JobsModule {}

/** … and telling the workers: what the API needs. */
@Module({
  imports: [JobsModule, JOBS_QUEUE_MODULE],
  providers: [JobNotifier, SampleDataService],
  exports: [JobsModule, SampleDataService, BullModule],
})
export class JobRequestsModule {}

/** Doing them: what the worker needs. */
@Module({
  imports: [JobsModule, IngestWritingModule, ProcessingModule, SchemasModule, JOBS_QUEUE_MODULE],
  providers: [SampleDataWriter],
  exports: [JobsModule, SampleDataWriter, BullModule],
})
export class JobRunningModule {}
