import { Module } from '@nestjs/common';
import { AnalyticsService } from './analytics.service.js';
import { EventCountsRepository } from './event-counts.repository.js';
import { RollupsRepository } from './rollups.repository.js';

@Module({
  providers: [AnalyticsService, EventCountsRepository, RollupsRepository],
  exports: [AnalyticsService, RollupsRepository],
})
export class AnalyticsModule {}
