import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { EntrySearchModule } from '../search/entry-search.module.js';
import { TransparencyLogModule } from '../transparency-log/transparency-log.module.js';
import { EntryExportService } from './entry-export.service.js';
import { EvidenceService } from './evidence.service.js';

/** Entries as files, with what proves them. */
@Module({
  imports: [AuditWritingModule, EntrySearchModule, TransparencyLogModule],
  providers: [EntryExportService, EvidenceService],
  exports: [EntryExportService, EvidenceService],
})
export class EntryExportModule {}
