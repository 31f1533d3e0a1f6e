import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { ActiveSubjectsRepository } from './active-subjects.repository.js';
import { FilteredSubjectsRepository } from './filtered-subjects.repository.js';
import { AnalyticsService } from './analytics.service.js';
import { AnswerCache } from './answer-cache.js';
import { BreakdownRepository } from './breakdown.repository.js';
import { EventCountsRepository } from './event-counts.repository.js';
import { FailedCountsRepository } from './failed-counts.repository.js';
import { FunnelCounter } from './funnel-counter.js';
import { FunnelsRepository } from './funnels.repository.js';
import { FunnelsService } from './funnels.service.js';
import { OverviewService } from './overview.service.js';
import { ProcessingMetricsRepository } from './processing-metrics.repository.js';
import { RecountService } from './recount.service.js';
import { RetentionRepository } from './retention.repository.js';
import { LiveCountsRepository } from './live-counts.repository.js';
import { RollupsRepository } from './rollups.repository.js';
import { SavedFunnelsRepository } from './saved-funnels.repository.js';
import { UserEventsRepository } from './user-events.repository.js';
import { UsersService } from './users.service.js';

@Module({
  imports: [AuditWritingModule],
  providers: [
    ActiveSubjectsRepository,
    FilteredSubjectsRepository,
    AnalyticsService,
    AnswerCache,
    BreakdownRepository,
    EventCountsRepository,
    FailedCountsRepository,
    FunnelCounter,
    FunnelsRepository,
    FunnelsService,
    LiveCountsRepository,
    OverviewService,
    ProcessingMetricsRepository,
    RecountService,
    RetentionRepository,
    RollupsRepository,
    SavedFunnelsRepository,
    UserEventsRepository,
    UsersService,
  ],
  exports: [
    AnalyticsService,
    FailedCountsRepository,
    FunnelsService,
    LiveCountsRepository,
    OverviewService,
    RecountService,
    RollupsRepository,
    UsersService,
  ],
})
export class AnalyticsModule {}
