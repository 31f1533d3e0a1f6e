import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { BatchNotifier } from './batch-notifier.js';
import { BatchesRepository } from './batches.repository.js';
import { EVENTS_QUEUE } from './events.jobs.js';

/** Committed batches, and telling the workers of them. What counts them is on the page of the worker. */
@Module({
  imports: [BullModule.registerQueue({ name: EVENTS_QUEUE })],
  providers: [BatchNotifier, BatchesRepository],
  exports: [BatchNotifier, BatchesRepository, BullModule],
})
export class ProcessingModule {}
