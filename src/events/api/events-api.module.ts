import { Module } from '@nestjs/common';
import { CallLogModule } from '../../audit/call-log/call-log.module.js';
import { AuthModule } from '../../auth/auth.module.js';
import { CloudEventsModule } from '../cloudevents/cloud-events.module.js';
import { IngestModule } from '../ingest/ingest.module.js';
import { IngestFastPath } from './ingest-fast-path.js';

/** The addresses below /events, on the fast path. */
@Module({
  imports: [AuthModule, CallLogModule, CloudEventsModule, IngestModule],
  providers: [IngestFastPath],
  exports: [IngestFastPath],
})
export class EventsApiModule {}
