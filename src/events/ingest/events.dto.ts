import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { EVENT_STATUSES, type EventStatus } from '../parsing/event.js';

/** Documentation of the body; event-parser.ts is what checks it. */
export class IngestEventDto {
  @ApiProperty({ minLength: 1, maxLength: 255, example: 'page_view' })
  event_type: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 255,
    description:
      'Your own id. Sending it again stores nothing twice. `idempotency_key` and the header `Idempotency-Key` mean the same.',
  })
  event_id?: string;

  @ApiPropertyOptional({ description: 'Same as event_id.' })
  idempotency_key?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'When it happened (RFC 3339); absent means now.' })
  event_time?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 255 })
  user_id?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 255 })
  session_id?: string;

  @ApiPropertyOptional({
    type: Object,
    description:
      'Your own data: at most 64 KiB, 32 levels and 1,000 keys. Numbers keep 53 bits; send longer ids as strings.',
    example: { page_url: '/pricing', device_type: 'mobile' },
  })
  payload?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object, description: 'Same as payload.' })
  properties?: Record<string, unknown>;
}

export class IngestBatchDto {
  @ApiProperty({ type: [IngestEventDto], minItems: 1, maxItems: 1000 })
  events: IngestEventDto[];
}

export class IngestedResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  event_id: string;

  @ApiProperty({ enum: EVENT_STATUSES, description: 'Always `queued` for a caller with the scope `track` alone.' })
  status: EventStatus;

  @ApiProperty({ description: 'True when this event was accepted before; id is then that of the first.' })
  duplicate: boolean;
}

class ResultFault {
  @ApiProperty()
  path: string;

  @ApiProperty()
  message: string;
}

class ResultError {
  @ApiProperty()
  message: string;

  @ApiPropertyOptional()
  path?: string;

  @ApiPropertyOptional({
    type: [ResultFault],
    description: 'All faults (at most 20), when the schema of the event type finds several.',
  })
  errors?: ResultFault[];
}

export class BatchResult {
  @ApiProperty({ description: 'Position in the request, from 0.' })
  index: number;

  @ApiProperty({ enum: ['accepted', 'duplicate', 'conflict', 'rejected'] })
  status: 'accepted' | 'duplicate' | 'conflict' | 'rejected';

  @ApiPropertyOptional({ format: 'uuid' })
  id?: string;

  @ApiPropertyOptional()
  event_id?: string;

  @ApiPropertyOptional()
  error?: ResultError;
}

export class BatchResponse {
  @ApiProperty()
  accepted: number;

  @ApiProperty()
  duplicates: number;

  @ApiProperty()
  conflicts: number;

  @ApiProperty()
  rejected: number;

  @ApiProperty({ type: [BatchResult], description: 'One per event, in the order sent.' })
  results: BatchResult[];
}
