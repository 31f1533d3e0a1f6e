import { Module } from '@nestjs/common';
import { EnginesModule } from '../../analytics/engines/engines.module.js';
import { SegmentFiltersModule } from '../../analytics/segments/segment-filters.module.js';
import { EventReader } from './event-reader.js';
import { EventsRepository } from './events.repository.js';

/** Events by id and in lists. */
@Module({
  imports: [EnginesModule, SegmentFiltersModule],
  providers: [EventReader, EventsRepository],
  exports: [EventReader, EventsRepository],
})
export class ReadingModule {}
