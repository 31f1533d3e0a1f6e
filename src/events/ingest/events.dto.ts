import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CheckedOneByOne, Closed, ListOf } from '../../platform/http/body/fields.js';
import { EVENT_STATUSES, type EventStatus } from '../parsing/event.js';
import { IngestEventDto } from '../parsing/event.dto.js';

@Closed()
export class IngestBatchDto {
  @CheckedOneByOne()
  @ListOf(IngestEventDto, { min: 1, max: 1000, description: 'At most MAX_BATCH_SIZE. A bad one sinks no other.' })
  events: IngestEventDto[];
}

class Warning {
  @ApiProperty()
  path: string;

  @ApiProperty()
  message: string;
}

/** What was taken as it came, although it was probably not meant so. */
const Warnings = () =>
  ApiPropertyOptional({
    type: [Warning],
    description: 'What was accepted as it is and was probably not meant so: a `user_id` inside the payload only.',
  });

export class IngestedResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  event_id: string;

  @ApiProperty({ enum: EVENT_STATUSES, description: 'Always `queued` for a caller with the scope `track` alone.' })
  status: EventStatus;

  @ApiProperty({ description: 'True when this event was accepted before; id is then that of the first.' })
  duplicate: boolean;

  @Warnings()
  warnings?: Warning[];
}

/** What the problem of a conflict says besides; nothing to a caller that may only send. */
export class EventConflict {
  @ApiPropertyOptional({ format: 'uuid', description: 'Of the event that was there before.' })
  id?: string;

  @ApiProperty()
  event_id: string;
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
    description: 'All faults (at most 20), when there are several.',
  })
  errors?: ResultFault[];
}

export class BatchResult {
  @ApiProperty({ type: 'integer', description: 'Position in the request, from 0.' })
  index: number;

  @ApiProperty({ enum: ['accepted', 'duplicate', 'conflict', 'rejected'] })
  status: 'accepted' | 'duplicate' | 'conflict' | 'rejected';

  @ApiPropertyOptional({ format: 'uuid' })
  id?: string;

  @ApiPropertyOptional()
  event_id?: string;

  @ApiPropertyOptional()
  error?: ResultError;

  @Warnings()
  warnings?: Warning[];
}

export class BatchResponse {
  @ApiProperty({ type: 'integer' })
  accepted: number;

  @ApiProperty({ type: 'integer' })
  duplicates: number;

  @ApiProperty({ type: 'integer' })
  conflicts: number;

  @ApiProperty({ type: 'integer' })
  rejected: number;

  @ApiProperty({ type: [BatchResult], description: 'One per event, in the order sent.' })
  results: BatchResult[];
}
