import { Module } from '@nestjs/common';
import { FiltersModule } from '../filters/filters.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { RetentionRepository } from '../retention/retention.repository.js';
import { UserEventsRepository } from './user-events.repository.js';
import { UsersService } from './users.service.js';

/** What single users did, and how many came back. */
@Module({
  imports: [FiltersModule, SegmentFiltersModule],
  providers: [RetentionRepository, UserEventsRepository, UsersService],
  exports: [UsersService],
})
export class UsersModule {}
