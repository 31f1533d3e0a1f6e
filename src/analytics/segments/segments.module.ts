import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../../audit/entries/audit-writing.module.js';
import { AnswerCacheModule } from '../cache/answer-cache.module.js';
import { SegmentFiltersModule } from './segment-filters.module.js';
import { SegmentsService } from './segments.service.js';

/** Filters under a name. */
@Module({
  imports: [AnswerCacheModule, AuditWritingModule, SegmentFiltersModule],
  providers: [SegmentsService],
  exports: [SegmentsService],
})
export class SegmentsModule {}
