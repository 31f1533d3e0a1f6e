import { Module } from '@nestjs/common';
import { ApiCallTrail } from './api-call-trail.js';
import { ApiCallsRepository } from './api-calls.repository.js';
import { ApiCallsService } from './api-calls.service.js';
import { AuditEventsService } from './audit-events/audit-events.service.js';
import { CatalogueRepository } from './audit-events/catalogue.repository.js';
import { AuditEntriesRepository } from './entries/entries.repository.js';
import { AuditEntriesService } from './entries/entries.service.js';
import { EntryCleanupService } from './entries/entry-cleanup.service.js';
import { EntryExportService } from './entries/entry-export.service.js';
import { LiveEntriesRepository } from './entries/live-entries.repository.js';
import { ProofsModule } from './proofs/proofs.module.js';
import { AuditWritingModule } from './entries/audit-writing.module.js';

@Module({
  imports: [AuditWritingModule, ProofsModule],
  providers: [
    ApiCallTrail,
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
    ApiCallTrail,
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
