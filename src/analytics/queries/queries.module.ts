import { Module } from '@nestjs/common';
import { EnginesModule } from '../engines/engines.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { QueriesService } from './queries.service.js';

/** Counts by any filter and any property. */
@Module({
  imports: [EnginesModule, SegmentFiltersModule],
  providers: [QueriesService],
  exports: [QueriesService],
})
export class QueriesModule {}
