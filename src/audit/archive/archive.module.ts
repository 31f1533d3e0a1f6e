import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../entries/audit-writing.module.js';
import { EntryExportModule } from '../export/entry-export.module.js';
import { EntrySearchModule } from '../search/entry-search.module.js';
import { TransparencyLogModule } from '../transparency-log/transparency-log.module.js';
import { ArchiveRestorer } from './archive-restorer.js';
import { ArchiveRewriter } from './archive-rewriter.js';
import { ArchiveSearch } from './archive-search.js';
import { ArchiveWriter } from './archive-writer.js';
import { AuditArchiver } from './archiver.js';
import { ArchivesRepository } from './archives.repository.js';
import { ArchivesService } from './archives.service.js';
import { ConfiguredStore } from './configured-store.js';

/** Audit entries as files, before they are removed, and back. */
@Module({
  imports: [AuditWritingModule, EntryExportModule, EntrySearchModule, TransparencyLogModule],
  providers: [
    ArchiveRestorer,
    ArchiveRewriter,
    ArchiveSearch,
    ArchiveWriter,
    ArchivesRepository,
    ArchivesService,
    AuditArchiver,
    ConfiguredStore,
  ],
  exports: [ArchiveRestorer, ArchiveRewriter, ArchiveSearch, ArchivesService, AuditArchiver],
})
export class ArchiveModule {}
