import { Module } from '@nestjs/common';
import { ApiCallsRepository } from './api-calls.repository.js';
import { CallLog } from './call-log.js';

/** The rows of API calls, and who writes them. */
@Module({
  providers: [ApiCallsRepository, CallLog],
  exports: [ApiCallsRepository, CallLog],
})
export class CallLogModule {}
