import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { IfGiven, OptionalText, RangeQuery, ToInteger } from '../../platform/http/query.dto.js';
import { CountedRangeResponse } from '../../platform/http/range.dto.js';
import { FiltersParameter, SegmentParameter } from '../filters/filters.query.js';
import { TypeCount } from '../counts/analytics.dto.js';
import type { Sampling } from '../sampling/sample.js';
import { SampleMember, SampleResponse, SamplingParameter, StandardError } from '../sampling/sampling.dto.js';

export class JourneyQuery extends RangeQuery {
  @ApiPropertyOptional({ type: 'integer', description: 'Events per page.', minimum: 1, maximum: 1000, default: 1000 })
  @IfGiven()
  @ToInteger()
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1)
  @Max(1000)
  limit = 1000;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @OptionalText(200)
  cursor?: string;

  @FiltersParameter()
  filters?: unknown;

  @SegmentParameter()
  segment?: string;
}

export class RetentionQuery extends RangeQuery {
  @ApiPropertyOptional({ enum: ['day', 'week'], default: 'day' })
  @IfGiven()
  @IsIn(['day', 'week'], { message: 'interval must be day or week' })
  interval: 'day' | 'week' = 'day';

  @FiltersParameter()
  filters?: unknown;

  @SegmentParameter()
  segment?: string;

  @SamplingParameter()
  sampling?: Sampling = 'auto';
}

export class UserSessionResponse {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'null where the client gave none: split by 30 min of silence.',
  })
  session_id: string | null;

  @ApiProperty({ format: 'date-time' })
  started_at: string;

  @ApiProperty({ format: 'date-time' })
  ended_at: string;

  @ApiProperty()
  duration_s: number;

  @ApiProperty({ type: 'integer', description: 'How many.' })
  events: number;
}

class UserEventResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  event_id: string;

  @ApiProperty()
  event_type: string;

  @ApiProperty({ format: 'date-time' })
  event_time: string;

  @ApiProperty()
  client_id: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  payload: Record<string, unknown>;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'As GET /events/:id shows it.' })
  enrichment: Record<string, unknown>;
}

class RecentEventResponse extends UserEventResponse {
  @ApiProperty({ type: String, nullable: true })
  session_id: string | null;
}

export class UserOverviewResponse extends CountedRangeResponse {
  @ApiProperty()
  user_id: string;

  @ApiProperty({ type: 'integer' })
  total_events: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Within the range.' })
  first_seen: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_seen: string | null;

  @ApiProperty({ type: [TypeCount] })
  by_type: TypeCount[];

  @ApiProperty({ type: [UserSessionResponse], description: 'The last 100, newest first.' })
  sessions: UserSessionResponse[];

  @ApiProperty({ type: [RecentEventResponse], description: 'The last 20, newest first.' })
  recent_events: RecentEventResponse[];

  @ApiPropertyOptional({
    type: [String],
    description: 'With filters and without data: their properties that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}

export class JourneySession {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'null where the client gave none: split by 30 min of silence.',
  })
  session_id: string | null;

  @ApiProperty({ format: 'date-time', description: 'Of the whole session, also where it goes on on another page.' })
  started_at: string;

  @ApiProperty({ format: 'date-time' })
  ended_at: string;

  @ApiProperty({ type: 'integer', description: 'Of the whole session.' })
  event_count: number;

  @ApiProperty({ type: [UserEventResponse], description: 'In order of event_time.' })
  events: UserEventResponse[];
}

export class JourneyResponse extends CountedRangeResponse {
  @ApiProperty()
  user_id: string;

  @ApiProperty({ type: [JourneySession], description: 'In the order in which they begin.' })
  sessions: JourneySession[];

  @ApiProperty({ type: String, nullable: true, description: 'null on the last page.' })
  next_cursor: string | null;

  @ApiPropertyOptional({
    type: [String],
    description: 'With filters and without data: their properties that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}

class RetentionPeriod {
  @ApiProperty({ type: 'integer', description: '0 is the period of the first event.' })
  period: number;

  @ApiProperty({ format: 'date-time' })
  bucket: string;

  @ApiProperty({ type: 'integer' })
  users: number;

  @StandardError()
  standard_error?: number | null;

  @ApiProperty({ description: 'Share of the cohort.' })
  rate: number;
}

class RetentionCohort {
  @ApiProperty({ format: 'date-time', description: 'When the period of the first event begins.' })
  cohort: string;

  @ApiProperty({ type: 'integer' })
  users: number;

  @StandardError()
  standard_error?: number | null;

  @ApiProperty({ type: [RetentionPeriod] })
  periods: RetentionPeriod[];
}

export class RetentionResponse extends CountedRangeResponse {
  @ApiProperty({ enum: ['day', 'week'] })
  interval: 'day' | 'week';

  @ApiProperty()
  tz: string;

  @ApiProperty({ type: [RetentionCohort], description: 'The range is widened to whole periods.' })
  data: RetentionCohort[];

  @SampleMember()
  sample?: SampleResponse;

  @ApiPropertyOptional({
    type: [String],
    description: 'With filters and without data: their properties that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}
