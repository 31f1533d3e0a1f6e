import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../../audit/entries/audit-writing.module.js';
import { AnswerCacheModule } from '../cache/answer-cache.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { FunnelCounter } from './funnel-counter.js';
import { FunnelsRepository } from './funnels.repository.js';
import { FunnelsService } from './funnels.service.js';
import { SavedFunnelsRepository } from './saved-funnels.repository.js';

/** Funnels, saved and not. */
@Module({
  imports: [AnswerCacheModule, AuditWritingModule, SegmentFiltersModule],
  providers: [FunnelCounter, FunnelsRepository, FunnelsService, SavedFunnelsRepository],
  exports: [FunnelsService, SavedFunnelsRepository],
})
export class FunnelsModule {}
