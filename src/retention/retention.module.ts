import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { PreservationModule } from '../audit/preservation/preservation.module.js';
import { HoldsService } from './holds.service.js';
import { PoliciesService } from './policies.service.js';
import { AuditRetention } from './removal/audit-retention.js';
import { EventRetention } from './removal/event-retention.js';
import { Housekeeping } from './removal/housekeeping.js';
import { RemovalModule } from './removal/removal.module.js';
import { RunsService } from './runs.service.js';
import { RunNotifier } from './schedule/run-notifier.js';
import { RUNS_QUEUE } from './schedule/runs.jobs.js';
import { SCHEDULED_TASKS, type ScheduledTask } from './schedule/scheduled-task.js';
import { TaskRunner } from './schedule/task-runner.js';
import { TaskRunsModule } from './schedule/task-runs.module.js';
import { TaskScheduler } from './schedule/task-scheduler.js';
import { StorageModule } from './storage/storage.module.js';

/** How long what is kept, what must not go, and what went: what the API shows and sets. */
@Module({
  imports: [AuditWritingModule, PreservationModule, StorageModule, TaskRunsModule],
  providers: [HoldsService, PoliciesService, RunsService],
  exports: [HoldsService, PoliciesService, RunsService, StorageModule],
})
export class RetentionModule {}

/** Doing it, when it is due or right now: what the command line needs. */
@Module({
  imports: [PreservationModule, RemovalModule, TaskRunsModule],
  providers: [
    TaskRunner,
    TaskScheduler,
    {
      provide: SCHEDULED_TASKS,
      inject: [EventRetention, AuditRetention, Housekeeping],
      useFactory: (...tasks: ScheduledTask[]) => tasks,
    },
  ],
  exports: [RemovalModule, TaskRunner, TaskScheduler],
})
export class RetentionRunningModule {}

/** … and telling other workers of it: what the worker needs. */
@Module({
  imports: [RetentionRunningModule, BullModule.registerQueue({ name: RUNS_QUEUE })],
  providers: [RunNotifier],
  exports: [RetentionRunningModule, RunNotifier, BullModule],
})
export class RetentionSchedulingModule {}
