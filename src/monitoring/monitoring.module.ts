import { Module } from '@nestjs/common';
import { InstallationRepository } from './installation.repository.js';

/** What is asked of the database about the whole installation, for metrics and alerts. */
@Module({
  providers: [InstallationRepository],
  exports: [InstallationRepository],
})
export class MonitoringModule {}
