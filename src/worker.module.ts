import { type DynamicModule, Module } from '@nestjs/common';
import { RollupsModule } from './analytics/rollups/rollups.module.js';
import { AuditSealer } from './audit/transparency-log/audit-sealer.js';
import { CheckpointCheck } from './audit/transparency-log/checkpoint-check.js';
import { TransparencyLogModule } from './audit/transparency-log/transparency-log.module.js';
import { ClickHouseModule } from './clickhouse/clickhouse.module.js';
import { FeedWorker } from './clickhouse/feed-worker.js';
import { DeadLettersModule } from './events/dead-letters/dead-letters.module.js';
import { RetrySchedule } from './events/dead-letters/retry-schedule.js';
import { JobRunner } from './events/jobs/job-runner.js';
import { JobRunningModule } from './events/jobs/jobs.module.js';
import { JobsProcessor } from './events/jobs/jobs.processor.js';
import { BatchPoller } from './events/processing/batch-poller.js';
import { BatchProcessingService } from './events/processing/batch-processing.service.js';
import { EventsProcessor } from './events/processing/events.processor.js';
import { ProcessingModule } from './events/processing/processing.module.js';
import { AlertSender } from './monitoring/alert-sender.js';
import { AlertWatcher } from './monitoring/alert-watcher.js';
import { MonitoringModule } from './monitoring/monitoring.module.js';
import type { Config } from './platform/config/config.js';
import { PlatformModule } from './platform/platform.module.js';
import { ErasureRunner } from './privacy/erasure-runner.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { PartitionKeeper } from './retention/partition-keeper.js';
import { RetentionSchedulingModule } from './retention/retention.module.js';
import { RetentionWorker } from './retention/schedule/retention-worker.js';
import { RunsProcessor } from './retention/schedule/runs.processor.js';

/** The worker process: every processor and every schedule is in this list. */
@Module({})
export class WorkerModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        PlatformModule.forRoot(config, 'consumer'),
        ProcessingModule,
        RollupsModule,
        ClickHouseModule,
        DeadLettersModule,
        JobRunningModule,
        TransparencyLogModule,
        PrivacyModule,
        MonitoringModule,
        RetentionSchedulingModule,
      ],
      providers: [
        BatchProcessingService,
        EventsProcessor,
        BatchPoller,
        RetrySchedule,
        FeedWorker,
        JobRunner,
        JobsProcessor,
        PartitionKeeper,
        AuditSealer,
        CheckpointCheck,
        ErasureRunner,
        AlertWatcher,
        AlertSender,
        RetentionWorker,
        RunsProcessor,
      ],
    };
  }
}
