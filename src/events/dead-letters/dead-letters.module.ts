import { Module } from '@nestjs/common';
import { CountsModule } from '../../analytics/counts/counts.module.js';
import { RollupsModule } from '../../analytics/rollups/rollups.module.js';
import { AuditWritingModule } from '../../audit/entries/audit-writing.module.js';
import { ReadingModule } from '../reading/reading.module.js';
import { SchemasModule } from '../schemas/schemas.module.js';
import { DeadLetterRetrier } from './dead-letter-retrier.js';
import { DeadLettersRepository } from './dead-letters.repository.js';
import { FailedEventsRepository } from './failed-events.repository.js';
import { FailedEventsService } from './failed-events.service.js';
import { Quarantine } from './quarantine.js';

/** Dead letters: what the API, the worker and the command line share. */
@Module({
  imports: [AuditWritingModule, CountsModule, ReadingModule, RollupsModule, SchemasModule],
  providers: [DeadLetterRetrier, DeadLettersRepository, FailedEventsRepository, FailedEventsService, Quarantine],
  exports: [DeadLetterRetrier, DeadLettersRepository, FailedEventsRepository, FailedEventsService, Quarantine],
})
export class DeadLettersModule {}
