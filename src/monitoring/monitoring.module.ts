import { Module } from '@nestjs/common';
import { AlertsRepository } from './alerts.repository.js';
import { InstallationRepository } from './installation.repository.js';

/** What is asked of the database about the whole installation, for metrics and alerts. */
@Module({
  providers: [AlertsRepository, InstallationRepository],
  exports: [AlertsRepository, InstallationRepository],
})
export class MonitoringModule {}
