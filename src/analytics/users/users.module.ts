import { Module } from '@nestjs/common';
import { RetentionRepository } from '../retention/retention.repository.js';
import { UserEventsRepository } from './user-events.repository.js';
import { UsersService } from './users.service.js';

/** What single users did, and how many came back. */
@Module({
  providers: [RetentionRepository, UserEventsRepository, UsersService],
  exports: [UsersService],
})
export class UsersModule {}
