import { Module } from '@nestjs/common';
import { AuditEntriesRepository } from '../entries/entries.repository.js';
import { AuditActs } from './audit-acts.js';
import { AuditTreeRepository } from './audit-tree.repository.js';
import { EvidenceService } from './evidence.service.js';
import { ProofsService } from './proofs.service.js';
import { SealingService } from './sealing.service.js';
import { SigningKey } from './signing-key.js';

@Module({
  providers: [
    AuditEntriesRepository,
    AuditTreeRepository,
    SigningKey,
    SealingService,
    ProofsService,
    AuditActs,
    EvidenceService,
  ],
  exports: [AuditTreeRepository, SealingService, ProofsService, AuditActs, EvidenceService],
})
export class ProofsModule {}
