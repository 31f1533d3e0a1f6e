import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { RangeQuery } from '../platform/query.dto.js';

export class EventCountsQuery extends RangeQuery {
  @ApiPropertyOptional({ description: 'Only events of this calling application.' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  client_id?: string;
}

class TypeCount {
  @ApiProperty()
  event_type: string;

  @ApiProperty()
  count: number;
}

class ClientTypeCount extends TypeCount {
  @ApiProperty()
  client_id: string;
}

class RangeResponse {
  @ApiProperty({ format: 'date-time' })
  from: string;

  @ApiProperty({ format: 'date-time' })
  to: string;
}

export class EventsByTypeResponse extends RangeResponse {
  @ApiProperty()
  total: number;

  @ApiProperty({ type: [TypeCount] })
  data: TypeCount[];
}

export class EventsByClientAndTypeResponse extends RangeResponse {
  @ApiProperty({ type: [ClientTypeCount] })
  data: ClientTypeCount[];
}

class QueueCounts {
  @ApiProperty()
  name: string;

  @ApiProperty({ type: Number, nullable: true, description: 'null while the queue is away.' })
  waiting: number | null;

  @ApiProperty({ type: Number, nullable: true })
  active: number | null;

  @ApiProperty({ type: Number, nullable: true })
  delayed: number | null;

  @ApiProperty({ type: Number, nullable: true })
  completed: number | null;

  @ApiProperty({ type: Number, nullable: true })
  failed: number | null;

  @ApiProperty({ type: Boolean, nullable: true })
  paused: boolean | null;
}

export class QueueStatusResponse {
  @ApiProperty({ description: "The tenant's accepted events that are not processed yet." })
  pending_events: number;

  @ApiProperty({ description: 'Age of the oldest of them in seconds; 0 when there is none.' })
  oldest_pending_age_s: number;

  @ApiProperty({ type: [QueueCounts] })
  queues: QueueCounts[];
}
