import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { CheckedOneByOne, Closed, DateTime, JsonObject, ListOf, Text } from '../../platform/http/body/fields.js';
import { ListQuery, OptionalText } from '../../platform/http/query.dto.js';
import type { EventStatus } from './event.js';

export const EVENT_STATUSES = ['queued', 'processed', 'failed'] as const satisfies readonly EventStatus[];

/** null and absent mean the same, as SDKs in many languages cannot tell them apart. */
const OPTIONAL = { optional: true, nullable: true } as const;

@Closed('is not a field of an event; put your own data into payload')
export class IngestEventDto {
  @Text({ example: 'page_view' })
  event_type: string;

  @Text({
    ...OPTIONAL,
    description:
      'Your own id. Sending it again stores nothing twice. `idempotency_key` and the header `Idempotency-Key` mean the same.',
  })
  event_id?: string | null;

  @Text({ ...OPTIONAL, description: 'Same as event_id.' })
  idempotency_key?: string | null;

  @DateTime({
    ...OPTIONAL,
    description: 'When it happened (RFC 3339), from 2000-01-01 to one day from now; absent means now.',
  })
  event_time?: string | null;

  @Text(OPTIONAL)
  user_id?: string | null;

  @Text(OPTIONAL)
  session_id?: string | null;

  @JsonObject({
    ...OPTIONAL,
    description:
      'Your own data: at most 64 KiB, 32 levels and 1,000 keys. Numbers keep 53 bits; send longer ids as strings.',
    example: { page_url: '/pricing', device_type: 'mobile' },
  })
  payload?: Record<string, unknown> | null;

  @JsonObject({ ...OPTIONAL, description: 'Same as payload.' })
  properties?: Record<string, unknown> | null;
}

@Closed()
export class IngestBatchDto {
  @CheckedOneByOne()
  @ListOf(IngestEventDto, { min: 1, max: 1000, description: 'At most MAX_BATCH_SIZE. A bad one sinks no other.' })
  events: IngestEventDto[];
}

@Closed()
export class EnrichEventDto {
  @JsonObject({
    description: 'Merged by name into the enrichment: at most 64 KiB, 32 levels and 1,000 keys in all.',
    example: { segment: 'enterprise' },
  })
  additional_properties: Record<string, unknown>;
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
    description: 'All faults (at most 20), when there are several.',
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

export class EventResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  event_id: string;

  @ApiProperty()
  event_type: string;

  @ApiProperty({ format: 'date-time' })
  event_time: string;

  @ApiProperty({ format: 'date-time' })
  received_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  processed_at: string | null;

  @ApiProperty({ enum: EVENT_STATUSES })
  status: EventStatus;

  @ApiProperty()
  client_id: string;

  @ApiProperty({ type: String, nullable: true })
  user_id: string | null;

  @ApiProperty({ type: String, nullable: true })
  session_id: string | null;

  @ApiProperty({ type: Object })
  payload: Record<string, unknown>;

  @ApiProperty({
    type: Object,
    description:
      'What was added by PUT /events/:id/enrich, and `context`: browser, system, device and address of the request that brought the event (see the setting EVENT_CONTEXT).',
  })
  enrichment: Record<string, unknown>;
}

/** What a caller that may not read gets to know of an event. */
export class EnrichedResponse extends PickType(EventResponse, ['id', 'event_id']) {}

export class EventPage {
  @ApiProperty({ type: [EventResponse] })
  data: EventResponse[];

  @ApiProperty({ type: String, nullable: true, description: 'Pass as cursor for the next page; null on the last.' })
  next_cursor: string | null;
}

export class GetEventQuery {
  @ApiPropertyOptional({ description: 'Whose event_id is meant; default: your own client_id.' })
  @OptionalText()
  client_id?: string;
}

export class ListEventsQuery extends ListQuery {
  @OptionalText()
  event_type?: string;

  @OptionalText()
  user_id?: string;

  @OptionalText()
  session_id?: string;

  @OptionalText()
  client_id?: string;

  @ApiPropertyOptional({ enum: EVENT_STATUSES })
  @IsOptional()
  @IsIn(EVENT_STATUSES)
  status?: EventStatus;
}
