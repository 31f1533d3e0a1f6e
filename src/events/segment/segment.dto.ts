import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import {
  CheckedOneByOne,
  Field,
  JSON_OBJECT,
  JsonObject,
  OneOf,
  Text,
  text,
  Understood,
} from '../../platform/http/body/fields.js';

/** The calls of Segment's tracking API; all but `track` are their own event type. */
export const SEGMENT_CALLS = ['track', 'page', 'screen', 'identify', 'group', 'alias'] as const;
export type SegmentCall = (typeof SEGMENT_CALLS)[number];

/**
 * An SDK fills a batch to 500 KB, which is more small messages than MAX_BATCH_SIZE, and it cannot be told to send
 * fewer.
 */
export const LEAST_BATCH_LIMIT = 2_500;

const OPTIONAL = { optional: true, nullable: true } as const;
/** Of any spelling that SDKs have: see foreign-time.ts. */
const TIME = { anyOf: [{ type: 'string' }, { type: 'number' }] };
/** SDKs send empty texts and nulls for what they don't know, and older ones numbers. */
const USER_ID = { anyOf: [text(0, 255), { type: 'number' }] };

/** Further fields are allowed, as in Segment's own API. */
export class SegmentMessageDto {
  @Text({ ...OPTIONAL, min: 0, description: 'Becomes event_id: sending it again stores nothing twice.' })
  messageId?: string | null;

  @Field(USER_ID, OPTIONAL)
  userId?: string | number | null;

  @Field(USER_ID, { ...OPTIONAL, description: 'Becomes user_id when there is no userId.' })
  anonymousId?: string | number | null;

  @JsonObject(OPTIONAL)
  properties?: Record<string, unknown> | null;

  @JsonObject(OPTIONAL)
  traits?: Record<string, unknown> | null;

  @JsonObject({ ...OPTIONAL, description: 'Kept in the payload under context.' })
  context?: Record<string, unknown> | null;

  @Understood(TIME, {
    description:
      "When it happened, by the client's clock: ISO 8601 with or without offset (then UTC), or a number since 1970. What cannot be read is told in `errors`, and the time of receipt taken.",
  })
  timestamp?: unknown;

  @Understood(TIME, { description: 'Goes before timestamp.' })
  originalTimestamp?: unknown;

  @Understood(TIME, { description: "When it was sent, by the client's clock, which it corrects." })
  sentAt?: unknown;

  @Understood({ type: 'string' }, { description: 'An API key with the scope track, when no header carries one.' })
  writeKey?: unknown;
}

export class SegmentTrackDto extends SegmentMessageDto {
  @Text({ description: 'Name of the event; becomes event_type.' })
  event: string;
}

export class SegmentBatchMessageDto extends SegmentMessageDto {
  @OneOf(SEGMENT_CALLS.filter((call) => call !== 'track'))
  type: string;
}

export class SegmentBatchTrackDto extends SegmentTrackDto {
  @OneOf(['track'])
  type: string;
}

@ApiExtraModels(SegmentBatchTrackDto, SegmentBatchMessageDto)
export class SegmentBatchDto {
  @CheckedOneByOne()
  @Field(
    {
      type: 'array',
      items: { anyOf: [SegmentBatchTrackDto, SegmentBatchMessageDto].map((dto) => ({ $ref: getSchemaPath(dto) })) },
      maxItems: LEAST_BATCH_LIMIT,
    },
    { description: 'At most 2,500, or MAX_BATCH_SIZE where that is more. A bad one sinks no other.' },
  )
  batch: (SegmentBatchTrackDto | SegmentBatchMessageDto)[];

  @Understood(TIME)
  sentAt?: unknown;

  @Understood(JSON_OBJECT, { description: 'For messages without a context of their own.' })
  context?: unknown;

  @Understood({ type: 'string' })
  writeKey?: unknown;
}

class SegmentFault {
  @ApiProperty()
  path: string;

  @ApiProperty()
  message: string;
}

/** What every problem says besides, in Segment's words. */
export class SegmentRefusal {
  @ApiProperty({ enum: [false] })
  success: false;

  @ApiProperty({ example: 'invalid_request' })
  code: string;

  @ApiProperty({ description: 'The same as detail.' })
  message: string;

  @ApiPropertyOptional({ type: 'integer' })
  accepted?: number;

  @ApiPropertyOptional({ type: 'integer' })
  duplicates?: number;

  @ApiPropertyOptional({ type: 'integer' })
  conflicts?: number;

  @ApiPropertyOptional({ type: 'integer' })
  rejected?: number;
}

export class SegmentResponse {
  @ApiProperty()
  success: boolean;

  @ApiProperty({ type: 'integer' })
  accepted: number;

  @ApiProperty({ type: 'integer' })
  duplicates: number;

  @ApiProperty({ type: 'integer' })
  conflicts: number;

  @ApiProperty({ type: 'integer' })
  rejected: number;

  @ApiPropertyOptional({
    type: [SegmentFault],
    description: 'What was refused, and which times were not taken as they were sent.',
  })
  errors?: SegmentFault[];
}
