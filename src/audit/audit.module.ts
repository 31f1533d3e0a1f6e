import { Module } from '@nestjs/common';
import { CallLog } from './call-log/call-log.js';
import { ApiCallsRepository } from './call-log/api-calls.repository.js';
import { ApiCallsService } from './call-log/api-calls.service.js';
import { AuditEventsService } from './audit-events/audit-events.service.js';
import { CatalogueRepository } from './audit-events/catalogue.repository.js';
import { AuditEntriesRepository } from './entries/entries.repository.js';
import { AuditEntriesService } from './entries/entries.service.js';
import { EntryCleanupService } from './entries/entry-cleanup.service.js';
import { EntryExportService } from './export/entry-export.service.js';
import { LiveEntriesRepository } from './entries/live-entries.repository.js';
import { ProofsModule } from './transparency-log/proofs.module.js';
import { AuditWritingModule } from './entries/audit-writing.module.js';

@Module({
  imports: [AuditWritingModule, ProofsModule],
  providers: [
    CallLog,
    ApiCallsRepository,
    ApiCallsService,
    AuditEntriesRepository,
    AuditEntriesService,
    AuditEventsService,
    CatalogueRepository,
    EntryCleanupService,
    EntryExportService,
    LiveEntriesRepository,
  ],
  exports: [
    CallLog,
    ApiCallsService,
    AuditEntriesRepository,
    AuditEntriesService,
    AuditWritingModule,
    AuditEventsService,
    EntryCleanupService,
    EntryExportService,
    LiveEntriesRepository,
  ],
})
export class AuditModule {}
