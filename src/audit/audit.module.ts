import { Module } from '@nestjs/common';
import { ApiCallTrail } from './api-call-trail.js';
import { ApiCallsRepository } from './api-calls.repository.js';
import { ApiCallsService } from './api-calls.service.js';

@Module({
  providers: [ApiCallTrail, ApiCallsRepository, ApiCallsService],
  exports: [ApiCallTrail, ApiCallsService],
})
export class AuditModule {}
