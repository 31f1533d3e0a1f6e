import { Module } from '@nestjs/common';
import { ArchiveModule } from '../audit/archive/archive.module.js';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { PreservationModule } from '../audit/preservation/preservation.module.js';
import { TransparencyLogModule } from '../audit/transparency-log/transparency-log.module.js';
import { ArchiveEraser } from './erasers/archive-eraser.js';
import { CallEraser } from './erasers/call-eraser.js';
import { EntryEraser } from './erasers/entry-eraser.js';
import { Erasers } from './erasers/erasers.js';
import { ErasurePreview } from './erasure-preview.js';
import { ErasuresRepository } from './erasures/erasures.repository.js';
import { ErasuresService } from './erasures.service.js';
import { EventEraser } from './erasers/event-eraser.js';
import { RollupEraser } from './erasers/rollup-eraser.js';
import { SubjectEraser } from './erasers/subject-eraser.js';
import { SubjectFinder } from './subject/subject-finder.js';
import { SubjectHmac } from './subject/subject-hmac.js';

@Module({
  imports: [ArchiveModule, AuditWritingModule, PreservationModule, TransparencyLogModule],
  providers: [
    ArchiveEraser,
    CallEraser,
    EntryEraser,
    ErasurePreview,
    Erasers,
    ErasuresRepository,
    ErasuresService,
    EventEraser,
    RollupEraser,
    SubjectEraser,
    SubjectFinder,
    SubjectHmac,
  ],
  exports: [ErasuresRepository, ErasuresService, SubjectEraser],
})
export class PrivacyModule {}
