import { Module } from '@nestjs/common';
import { AnswerCacheModule } from '../cache/answer-cache.module.js';
import { CountsModule } from '../counts/counts.module.js';
import { FunnelsModule } from '../funnels/funnels.module.js';
import { FilteredSubjectsRepository } from './filtered-subjects.repository.js';
import { OverviewService } from './overview.service.js';

/** The dashboard's first page. */
@Module({
  imports: [AnswerCacheModule, CountsModule, FunnelsModule],
  providers: [FilteredSubjectsRepository, OverviewService],
  exports: [OverviewService],
})
export class OverviewModule {}
