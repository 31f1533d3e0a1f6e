import { Module } from '@nestjs/common';
import { ArchiveModule } from '../archive/archive.module.js';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { PreservationModule } from '../preservation/preservation.module.js';
import { EntryCleanupService } from './entry-cleanup.service.js';

/** Archiving and removing entries that are past retention: for the API, and for workers. */
@Module({
  imports: [ArchiveModule, AuditWritingModule, PreservationModule],
  providers: [EntryCleanupService],
  exports: [EntryCleanupService],
})
export class EntryCleanupModule {}
