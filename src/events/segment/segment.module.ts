import { Module } from '@nestjs/common';
import { IngestModule } from '../ingest/ingest.module.js';
import { SegmentService } from './segment.service.js';

/** Segment's HTTP tracking API. */
@Module({
  imports: [IngestModule],
  providers: [SegmentService],
  exports: [SegmentService],
})
export class SegmentModule {}
