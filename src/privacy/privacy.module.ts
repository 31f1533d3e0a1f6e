import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { ProofsModule } from '../audit/proofs/proofs.module.js';
import { CallEraser } from './call-eraser.js';
import { EntryEraser } from './entry-eraser.js';
import { Erasers } from './erasers.js';
import { ErasurePreview } from './erasure-preview.js';
import { ErasuresRepository } from './erasures.repository.js';
import { ErasuresService } from './erasures.service.js';
import { EventEraser } from './event-eraser.js';
import { RollupEraser } from './rollup-eraser.js';
import { SubjectEraser } from './subject-eraser.js';
import { SubjectFinder } from './subject-finder.js';
import { SubjectHmac } from './subject-hmac.js';

@Module({
  imports: [AuditWritingModule, ProofsModule],
  providers: [
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
