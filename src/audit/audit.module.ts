import { Module } from '@nestjs/common';
import { ApiCallTrail } from './api-call-trail.js';
import { ApiCallsRepository } from './api-calls.repository.js';
import { ApiCallsService } from './api-calls.service.js';
import { AuditEntriesRepository } from './entries/entries.repository.js';
import { AuditEntriesService } from './entries/entries.service.js';
import { AuditEntryWriter } from './entries/entry-writer.js';

@Module({
  providers: [
    ApiCallTrail,
    ApiCallsRepository,
    ApiCallsService,
    AuditEntriesRepository,
    AuditEntriesService,
    AuditEntryWriter,
  ],
  exports: [ApiCallTrail, ApiCallsService, AuditEntriesRepository, AuditEntriesService, AuditEntryWriter],
})
export class AuditModule {}
