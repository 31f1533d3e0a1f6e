import { Module } from '@nestjs/common';
import { TaskRunsRepository } from './task-runs.repository.js';

@Module({ providers: [TaskRunsRepository], exports: [TaskRunsRepository] })
export class TaskRunsModule {}
