import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { BatchNotifier } from './batch-notifier.js';
import { BatchesRepository } from './batches.repository.js';
import { QueueStatusService } from './queue-status.service.js';
import { EVENTS_QUEUE } from './events.jobs.js';

/** Committed batches: telling the workers of them, and how many wait. What counts them is on the page of the worker. */
@Module({
  imports: [BullModule.registerQueue({ name: EVENTS_QUEUE })],
  providers: [BatchNotifier, BatchesRepository, QueueStatusService],
  exports: [BatchNotifier, BatchesRepository, QueueStatusService, BullModule],
})
export class ProcessingModule {}
