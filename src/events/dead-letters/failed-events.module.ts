import { Module } from '@nestjs/common';
import { AnalyticsModule } from '../../analytics/analytics.module.js';
import { AuditWritingModule } from '../../audit/entries/audit-writing.module.js';
import { EventsRepository } from '../reading/events.repository.js';
import { CompiledSchemas } from '../schemas/compiled-schemas.js';
import { SchemasRepository } from '../schemas/schemas.repository.js';
import { DeadLettersRepository } from './dead-letters.repository.js';
import { FailedEventsRepository } from './failed-events.repository.js';
import { FailedEventsService } from './failed-events.service.js';
import { DeadLetterRetrier } from './dead-letter-retrier.js';
import { Quarantine } from './quarantine.js';

/** Dead letters: what the API, the worker and the command line share. */
@Module({
  imports: [AnalyticsModule, AuditWritingModule],
  providers: [
    CompiledSchemas,
    DeadLettersRepository,
    EventsRepository,
    FailedEventsRepository,
    FailedEventsService,
    DeadLetterRetrier,
    Quarantine,
    SchemasRepository,
  ],
  exports: [
    CompiledSchemas,
    EventsRepository,
    FailedEventsRepository,
    FailedEventsService,
    DeadLetterRetrier,
    Quarantine,
    SchemasRepository,
  ],
})
export class FailedEventsModule {}
