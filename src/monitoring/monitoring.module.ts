import { Module } from '@nestjs/common';
import { TaskRunsModule } from '../retention/schedule/task-runs.module.js';
import { AlertsRepository } from './alerts.repository.js';
import { InstallationRepository } from './installation.repository.js';
import { Upkeep } from './upkeep.js';

/** What is asked of the database about the whole installation, for metrics and alerts. */
@Module({
  imports: [TaskRunsModule],
  providers: [AlertsRepository, InstallationRepository, Upkeep],
  exports: [AlertsRepository, InstallationRepository, Upkeep],
})
export class MonitoringModule {}
