import { Module } from '@nestjs/common';
import { AuditEntriesRepository } from './entries.repository.js';
import { LiveEntriesRepository } from './live-entries.repository.js';

/** Reading audit entries. */
@Module({
  providers: [AuditEntriesRepository, LiveEntriesRepository],
  exports: [AuditEntriesRepository, LiveEntriesRepository],
})
export class EntrySearchModule {}
