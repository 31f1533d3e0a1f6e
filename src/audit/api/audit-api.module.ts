import { Module } from '@nestjs/common';
import { ArchiveModule } from '../archive/archive.module.js';
import { CallLogModule } from '../call-log/call-log.module.js';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { EntryExportModule } from '../export/entry-export.module.js';
import { EntrySearchModule } from '../search/entry-search.module.js';
import { ApiCallsService } from './api-calls.service.js';
import { AuditEntriesService } from './entries.service.js';
import { EntryCleanupService } from './entry-cleanup.service.js';

/** Entries and calls as the API takes and gives them. */
@Module({
  imports: [ArchiveModule, AuditWritingModule, CallLogModule, EntryExportModule, EntrySearchModule],
  providers: [ApiCallsService, AuditEntriesService, EntryCleanupService],
  exports: [ApiCallsService, AuditEntriesService, EntryCleanupService],
})
export class AuditApiModule {}
