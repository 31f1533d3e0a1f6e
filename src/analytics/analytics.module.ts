import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { ActiveSubjectsRepository } from './users/active-subjects.repository.js';
import { FilteredSubjectsRepository } from './users/filtered-subjects.repository.js';
import { AnalyticsService } from './counts/analytics.service.js';
import { AnswerCache } from './overview/answer-cache.js';
import { BreakdownRepository } from './counts/breakdown.repository.js';
import { EventCountsRepository } from './counts/event-counts.repository.js';
import { FailedCountsRepository } from './counts/failed-counts.repository.js';
import { FunnelCounter } from './funnels/funnel-counter.js';
import { FunnelsRepository } from './funnels/funnels.repository.js';
import { FunnelsService } from './funnels/funnels.service.js';
import { OverviewService } from './overview/overview.service.js';
import { ProcessingMetricsRepository } from './counts/processing-metrics.repository.js';
import { RecountService } from './rollups/recount.service.js';
import { RetentionRepository } from './retention/retention.repository.js';
import { LiveCountsRepository } from './rollups/live-counts.repository.js';
import { RollupsRepository } from './rollups/rollups.repository.js';
import { SavedFunnelsRepository } from './funnels/saved-funnels.repository.js';
import { UserEventsRepository } from './users/user-events.repository.js';
import { UsersService } from './users/users.service.js';

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
