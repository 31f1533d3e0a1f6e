import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { PreservationModule } from '../preservation/preservation.module.js';
import { TransparencyLogModule } from '../transparency-log/transparency-log.module.js';
import { EntryCleanupService } from './entry-cleanup.service.js';

/** Removing entries that are past retention: for the API, and for workers. */
@Module({
  imports: [AuditWritingModule, PreservationModule, TransparencyLogModule],
  providers: [EntryCleanupService],
  exports: [EntryCleanupService],
})
export class EntryCleanupModule {}
