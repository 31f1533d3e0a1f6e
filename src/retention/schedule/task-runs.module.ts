import { Module } from '@nestjs/common';
import { ScheduleStatus } from './schedule-status.js';
import { TaskRunsRepository } from './task-runs.repository.js';

@Module({ providers: [ScheduleStatus, TaskRunsRepository], exports: [ScheduleStatus, TaskRunsRepository] })
export class TaskRunsModule {}
