import { Module } from '@nestjs/common';
import { AuditApiModule } from '../api/audit-api.module.js';
import { ArchiveModule } from '../archive/archive.module.js';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { EntryExportModule } from '../export/entry-export.module.js';
import { EntrySearchModule } from '../search/entry-search.module.js';
import { AuditEventsService } from './audit-events.service.js';
import { CatalogueRepository } from './catalogue.repository.js';

/** The same entries by functionality and event type. */
@Module({
  imports: [ArchiveModule, AuditWritingModule, AuditApiModule, EntryExportModule, EntrySearchModule],
  providers: [AuditEventsService, CatalogueRepository],
  exports: [AuditEventsService],
})
export class AuditEventsModule {}
