import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { Closed, DateOrDateTime, JsonObject, OneOf, Text } from '../../platform/http/body/fields.js';
import { AskedTime, OptionalText, PageQuery, ZoneQuery } from '../../platform/http/query.dto.js';
import { DEAD_LETTER_STATES, type DeadLetterState } from './dead-letter.js';

class DeadLetterFilterDto extends ZoneQuery {
  @ApiPropertyOptional({ enum: DEAD_LETTER_STATES, description: 'dead: no retry is due any more. Default: both.' })
  @IsOptional()
  @IsIn(DEAD_LETTER_STATES)
  state?: DeadLetterState;

  @OptionalText()
  event_type?: string;

  @OptionalText()
  client_id?: string;

  @ApiPropertyOptional({ description: 'Text that the reason contains, in any case.' })
  @OptionalText()
  reason?: string;

  @AskedTime('Failed at or after: RFC 3339, or a date or time in `tz`. Default: ever.')
  from?: string;

  @AskedTime('Failed before: RFC 3339, or a date or time in `tz`. Default: until now.')
  to?: string;
}

export class ListFailedQuery extends IntersectionType(DeadLetterFilterDto, PageQuery) {}

const OPTIONAL = { optional: true } as const;

@Closed()
export class RetryFailedDto {
  @OneOf(DEAD_LETTER_STATES, { ...OPTIONAL, description: 'dead: no retry is due any more. Default: both.' })
  state?: DeadLetterState;

  @Text(OPTIONAL)
  event_type?: string;

  @Text(OPTIONAL)
  client_id?: string;

  @Text({ ...OPTIONAL, description: 'Text that the reason contains, in any case.' })
  reason?: string;

  @DateOrDateTime({ ...OPTIONAL, description: 'Failed at or after. Default: ever.' })
  from?: string;

  @DateOrDateTime({ ...OPTIONAL, description: 'Failed before. Default: until now.' })
  to?: string;

  @Text({ ...OPTIONAL, max: 200, description: '`next_cursor` of the answer before, when it was not null.' })
  cursor?: string;
}

@Closed()
export class RetryOneDto {
  @JsonObject({
    optional: true,
    description:
      'Takes the place of the payload, which is kept. It must fit the schema of the event type; at most 64 KiB, 32 levels and 1,000 keys.',
  })
  payload?: Record<string, unknown>;
}

export class FailedEventResponse {
  @ApiProperty({ format: 'uuid', description: 'The id of the event.' })
  id: string;

  @ApiProperty()
  event_id: string;

  @ApiProperty()
  event_type: string;

  @ApiProperty()
  client_id: string;

  @ApiProperty({ format: 'date-time' })
  event_time: string;

  @ApiProperty({ example: 'payload.items.0.price must be number' })
  reason: string;

  @ApiProperty({ enum: DEAD_LETTER_STATES })
  state: DeadLetterState;

  @ApiProperty({ description: 'Tries so far, the first one included. After 8 the dead letter is dead.' })
  attempts: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_retry_at: string | null;

  @ApiProperty({ format: 'date-time' })
  failed_at: string;

  @ApiProperty({ type: Object })
  payload: Record<string, unknown>;

  @ApiProperty({ type: Object, nullable: true, description: 'The payload as it came, if it was patched.' })
  original_payload: Record<string, unknown> | null;
}

export class FailedEventPage {
  @ApiProperty({ type: [FailedEventResponse] })
  data: FailedEventResponse[];

  @ApiProperty({ type: String, nullable: true, description: 'Pass as cursor for the next page; null on the last.' })
  next_cursor: string | null;
}

export class RetriedResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: ['processed', 'failed'] })
  status: 'processed' | 'failed';

  @ApiProperty({ type: String, nullable: true, description: 'Why it failed again.' })
  reason: string | null;

  @ApiProperty({ type: Number, nullable: true })
  attempts: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_retry_at: string | null;
}

export class RetriedAllResponse {
  @ApiProperty({ description: 'Letters that were tried.' })
  retried: number;

  @ApiProperty()
  processed: number;

  @ApiProperty()
  failed: number;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'null when all were tried; else send the request again with it as cursor.',
  })
  next_cursor: string | null;
}
