import { Module } from '@nestjs/common';
import { CallLogModule } from '../../audit/call-log/call-log.module.js';
import { AuthModule } from '../../auth/auth.module.js';
import { IngestModule } from '../ingest/ingest.module.js';
import { SegmentFastPath } from './segment-fast-path.js';
import { SegmentService } from './segment.service.js';

/** Segment's HTTP tracking API. */
@Module({
  imports: [AuthModule, CallLogModule, IngestModule],
  providers: [SegmentFastPath, SegmentService],
  exports: [SegmentFastPath, SegmentService],
})
export class SegmentModule {}
