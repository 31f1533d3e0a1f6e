import { type DynamicModule, Module } from '@nestjs/common';
import { BatchSweeper } from './events/batch-sweeper.js';
import { BatchProcessingModule } from './events/events.module.js';
import { EventsProcessor } from './events/events.processor.js';
import { RetrySchedule } from './events/failed/retry-schedule.js';
import type { Config } from './platform/config.js';
import { PlatformModule } from './platform/platform.module.js';
import { PartitionKeeper } from './retention/partition-keeper.js';

/** The worker process: every processor and every schedule is in this list. */
@Module({})
export class WorkerModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [PlatformModule.forRoot(config, 'consumer'), BatchProcessingModule],
      providers: [EventsProcessor, BatchSweeper, RetrySchedule, PartitionKeeper],
    };
  }
}
