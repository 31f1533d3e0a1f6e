import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { RollupsModule } from '../../analytics/rollups/rollups.module.js';
import { DeadLettersModule } from '../dead-letters/dead-letters.module.js';
import { BatchNotifier } from './batch-notifier.js';
import { BatchProcessingService } from './batch-processing.service.js';
import { BatchesRepository } from './batches.repository.js';
import { QueueStatusService } from './queue-status.service.js';
import { EVENTS_QUEUE } from './events.jobs.js';

/** Committed batches: telling the workers of them, counting them, and how many wait. */
@Module({
  imports: [DeadLettersModule, RollupsModule, BullModule.registerQueue({ name: EVENTS_QUEUE })],
  providers: [BatchNotifier, BatchProcessingService, BatchesRepository, QueueStatusService],
  exports: [BatchNotifier, BatchProcessingService, BatchesRepository, QueueStatusService, BullModule],
})
export class ProcessingModule {}
