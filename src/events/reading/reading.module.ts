import { Module } from '@nestjs/common';
import { EventReader } from './event-reader.js';
import { EventsRepository } from './events.repository.js';

/** Events by id and in lists. */
@Module({
  providers: [EventReader, EventsRepository],
  exports: [EventReader, EventsRepository],
})
export class ReadingModule {}
