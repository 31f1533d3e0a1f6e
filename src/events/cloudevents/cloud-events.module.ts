import { Module } from '@nestjs/common';
import { IngestModule } from '../ingest/ingest.module.js';
import { CloudEventsService } from './cloud-events.service.js';

/** CloudEvents 1.0 over HTTP. */
@Module({
  imports: [IngestModule],
  providers: [CloudEventsService],
  exports: [CloudEventsService],
})
export class CloudEventsModule {}
