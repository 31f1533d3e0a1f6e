import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { RollupsModule } from '../../analytics/rollups/rollups.module.js';
import { DeadLettersModule } from '../dead-letters/dead-letters.module.js';
import { BatchNotifier } from './batch-notifier.js';
import { BatchProcessingService } from './batch-processing.service.js';
import { BatchesRepository } from './batches.repository.js';
import { EVENTS_QUEUE } from './events.jobs.js';

/** Committed batches: telling the workers of them, and counting them. */
@Module({
  imports: [DeadLettersModule, RollupsModule, BullModule.registerQueue({ name: EVENTS_QUEUE })],
  providers: [BatchNotifier, BatchProcessingService, BatchesRepository],
  exports: [BatchNotifier, BatchProcessingService, BatchesRepository, BullModule],
})
export class ProcessingModule {}
