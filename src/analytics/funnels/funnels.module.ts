import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../../audit/entries/audit-writing.module.js';
import { AnswerCacheModule } from '../cache/answer-cache.module.js';
import { EnginesModule } from '../engines/engines.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { FunnelsService } from './funnels.service.js';
import { SavedFunnelsRepository } from './saved-funnels.repository.js';

/** Funnels, saved and not. */
@Module({
  imports: [AnswerCacheModule, AuditWritingModule, EnginesModule, SegmentFiltersModule],
  providers: [FunnelsService, SavedFunnelsRepository],
  exports: [FunnelsService, SavedFunnelsRepository],
})
export class FunnelsModule {}
