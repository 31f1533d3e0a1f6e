import { Module } from '@nestjs/common';
import { AnalyticsService } from './analytics.service.js';
import { EventCountsRepository } from './event-counts.repository.js';
import { FailedCountsRepository } from './failed-counts.repository.js';
import { LiveCountsRepository } from './live-counts.repository.js';
import { RollupsRepository } from './rollups.repository.js';

@Module({
  providers: [AnalyticsService, EventCountsRepository, FailedCountsRepository, LiveCountsRepository, RollupsRepository],
  exports: [AnalyticsService, FailedCountsRepository, LiveCountsRepository, RollupsRepository],
})
export class AnalyticsModule {}
