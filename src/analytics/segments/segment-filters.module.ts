import { Module } from '@nestjs/common';
import { SegmentFilters } from './segment-filters.js';
import { SegmentsRepository } from './segments.repository.js';

/** What questions need of segments; processes that only read have nothing else of them. */
@Module({
  providers: [SegmentFilters, SegmentsRepository],
  exports: [SegmentFilters, SegmentsRepository],
})
export class SegmentFiltersModule {}
