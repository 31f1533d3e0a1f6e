import { Module } from '@nestjs/common';
import { EnginesModule } from '../engines/engines.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { ActiveSubjectsRepository } from './active-subjects.repository.js';
import { AnalyticsService } from './analytics.service.js';
import { EventCountsRepository } from './event-counts.repository.js';
import { FailedCountsRepository } from './failed-counts.repository.js';
import { ProcessingMetricsRepository } from './processing-metrics.repository.js';

/** Answers from the counts. */
@Module({
  imports: [EnginesModule, SegmentFiltersModule],
  providers: [
    ActiveSubjectsRepository,
    AnalyticsService,
    EventCountsRepository,
    FailedCountsRepository,
    ProcessingMetricsRepository,
  ],
  exports: [ActiveSubjectsRepository, AnalyticsService, EventCountsRepository, FailedCountsRepository],
})
export class CountsModule {}
