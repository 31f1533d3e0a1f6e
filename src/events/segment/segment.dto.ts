import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/**
 * Documentation of the body; segment-message.ts is what checks it. Further fields are allowed, as in Segment's own API.
 */
export class SegmentMessageDto {
  @ApiPropertyOptional({ description: 'Becomes event_id: sending it again stores nothing twice.' })
  messageId?: string;

  @ApiPropertyOptional({ description: 'Name of the event; with track only, where it becomes event_type.' })
  event?: string;

  @ApiPropertyOptional()
  userId?: string;

  @ApiPropertyOptional({ description: 'Becomes user_id when there is no userId.' })
  anonymousId?: string;

  @ApiPropertyOptional({ type: Object })
  properties?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object })
  traits?: Record<string, unknown>;

  @ApiPropertyOptional({ type: Object, description: 'Kept in the payload under context.' })
  context?: Record<string, unknown>;

  @ApiPropertyOptional({ format: 'date-time', description: "When it happened, by the client's clock." })
  timestamp?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Goes before timestamp.' })
  originalTimestamp?: string;

  @ApiPropertyOptional({
    format: 'date-time',
    description: "When it was sent, by the client's clock, which it corrects.",
  })
  sentAt?: string;

  @ApiPropertyOptional({ description: 'An API key with the scope write, when no header carries one.' })
  writeKey?: string;
}

export class SegmentBatchMessageDto extends SegmentMessageDto {
  @ApiProperty({ enum: ['track', 'page', 'screen', 'identify', 'group', 'alias'] })
  type: string;
}

export class SegmentBatchDto {
  @ApiProperty({ type: [SegmentBatchMessageDto] })
  batch: SegmentBatchMessageDto[];

  @ApiPropertyOptional({ format: 'date-time' })
  sentAt?: string;

  @ApiPropertyOptional({ type: Object, description: 'For messages without a context of their own.' })
  context?: Record<string, unknown>;

  @ApiPropertyOptional()
  writeKey?: string;
}

class SegmentFault {
  @ApiProperty()
  path: string;

  @ApiProperty()
  message: string;
}

export class SegmentResponse {
  @ApiProperty()
  success: boolean;

  @ApiProperty()
  accepted: number;

  @ApiProperty()
  duplicates: number;

  @ApiProperty()
  conflicts: number;

  @ApiProperty()
  rejected: number;

  @ApiPropertyOptional({ type: [SegmentFault] })
  errors?: SegmentFault[];
}
