import { Module } from '@nestjs/common';
import { CallLogModule } from '../call-log/call-log.module.js';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { EntryExportModule } from '../export/entry-export.module.js';
import { EntrySearchModule } from '../search/entry-search.module.js';
import { ApiCallsService } from './api-calls.service.js';
import { AuditEntriesService } from './entries.service.js';
import { EntryCleanupModule } from './entry-cleanup.module.js';

/** Entries and calls as the API takes and gives them. */
@Module({
  imports: [AuditWritingModule, CallLogModule, EntryCleanupModule, EntryExportModule, EntrySearchModule],
  providers: [ApiCallsService, AuditEntriesService],
  exports: [ApiCallsService, AuditEntriesService, EntryCleanupModule],
})
export class AuditApiModule {}
