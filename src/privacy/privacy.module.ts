import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { ProofsModule } from '../audit/proofs/proofs.module.js';
import { ErasuresRepository } from './erasures.repository.js';
import { ErasuresService } from './erasures.service.js';
import { SubjectEraser } from './subject-eraser.js';

@Module({
  imports: [AuditWritingModule, ProofsModule],
  providers: [ErasuresRepository, ErasuresService, SubjectEraser],
  exports: [ErasuresRepository, ErasuresService, SubjectEraser],
})
export class PrivacyModule {}
