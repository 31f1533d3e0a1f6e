import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { ListQuery, OptionalText } from '../../platform/http/query.dto.js';
import { Conditions } from '../../analytics/properties/conditions.query.js';
import { FiltersParameter, SegmentParameter } from '../../analytics/filters/filters.query.js';
import type { Scalar } from '../../analytics/properties/event-property.js';
import { RangeResponse } from '../../platform/http/range.dto.js';
import { EVENT_STATUSES, type EventStatus } from '../parsing/event.js';

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

export class EventPage extends RangeResponse {
  @ApiProperty({ type: [EventResponse] })
  data: EventResponse[];

  @ApiProperty({ type: String, nullable: true, description: 'Pass as cursor for the next page; null on the last.' })
  next_cursor: string | null;

  @ApiPropertyOptional({
    type: [String],
    description:
      'With where or filters and without data: their properties that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}

export class GetEventQuery {
  @ApiPropertyOptional({ description: 'Whose event_id is meant; default: your own client_id.' })
  @OptionalText()
  client_id?: string;
}

export class ListEventsQuery extends ListQuery {
  @ApiPropertyOptional({
    description:
      'The one event with this event_id of `client_id` (default: your own), whenever it was. Any id can be asked for here; `failed`, which is an address, only here.',
  })
  @OptionalText()
  event_id?: string;

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

  @Conditions()
  where?: Record<string, Scalar>;

  @FiltersParameter()
  filters?: unknown;

  @SegmentParameter()
  segment?: string;
}
