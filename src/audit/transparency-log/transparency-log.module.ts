import { Module } from '@nestjs/common';
import { AuditActs } from './audit-acts.js';
import { AuditTreeRepository } from './audit-tree.repository.js';
import { InconsistenciesRepository } from './inconsistencies.repository.js';
import { ProofsService } from './proofs.service.js';
import { SealingService } from './sealing.service.js';
import { SigningKey } from './signing-key.js';

/** The tree of audit entries: sealing, checkpoints, proofs, and the acts that the log records of itself. */
@Module({
  providers: [AuditActs, AuditTreeRepository, InconsistenciesRepository, ProofsService, SealingService, SigningKey],
  exports: [AuditActs, AuditTreeRepository, InconsistenciesRepository, ProofsService, SealingService],
})
export class TransparencyLogModule {}
