import { Module } from '@nestjs/common';
import { EnginesModule } from '../engines/engines.module.js';
import { SegmentFiltersModule } from '../segments/segment-filters.module.js';
import { UsersService } from './users.service.js';

/** What single users did, and how many came back. */
@Module({
  imports: [EnginesModule, SegmentFiltersModule],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
