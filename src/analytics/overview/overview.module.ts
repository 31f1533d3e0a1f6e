import { Module } from '@nestjs/common';
import { AnswerCacheModule } from '../cache/answer-cache.module.js';
import { CountsModule } from '../counts/counts.module.js';
import { EnginesModule } from '../engines/engines.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { FunnelsModule } from '../funnels/funnels.module.js';
import { FilteredSubjectsRepository } from './filtered-subjects.repository.js';
import { OverviewService } from './overview.service.js';

/** The dashboard's first page. */
@Module({
  imports: [AnswerCacheModule, CountsModule, EnginesModule, FunnelsModule, SegmentFiltersModule],
  providers: [FilteredSubjectsRepository, OverviewService],
  exports: [OverviewService],
})
export class OverviewModule {}
