import { Module } from '@nestjs/common';
import { FiltersModule } from '../filters/filters.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { QueriesService } from './queries.service.js';
import { QueryCountsRepository } from './query-counts.repository.js';

/** Counts by any filter and any property. */
@Module({
  imports: [FiltersModule, SegmentFiltersModule],
  providers: [QueriesService, QueryCountsRepository],
  exports: [QueriesService],
})
export class QueriesModule {}
