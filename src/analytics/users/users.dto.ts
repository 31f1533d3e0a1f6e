import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsInt, Max, Min } from 'class-validator';
import { IfGiven, OptionalText, RangeQuery, ToInteger, ZoneQuery } from '../../platform/http/query.dto.js';
import { IsFilter, RangeResponse, TimeseriesPoint, TypeCount } from '../counts/analytics.dto.js';
import { FunnelStepResponse } from '../funnels/funnels.dto.js';
import { type Interval, INTERVALS } from '../time/local-time.js';

export class OverviewQuery extends IntersectionType(RangeQuery, ZoneQuery) {
  @ApiPropertyOptional({ description: 'What this user did, instead of the overview.' })
  @IsFilter()
  user_id?: string;

  @ApiPropertyOptional({ description: 'Only events of this calling application.' })
  @IsFilter()
  client_id?: string;

  @ApiPropertyOptional({ description: 'Only events of this type.' })
  @IsFilter()
  event_type?: string;

  @ApiPropertyOptional({ enum: INTERVALS, description: 'Of `trend`. Default: one that makes a readable chart.' })
  @IfGiven()
  @IsIn(INTERVALS, { message: `interval must be one of ${INTERVALS.join(', ')}` })
  interval?: Interval;
}

export class JourneyQuery extends RangeQuery {
  @ApiPropertyOptional({ type: Number, description: 'Events per page.', minimum: 1, maximum: 1000, default: 1000 })
  @IfGiven()
  @ToInteger()
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1)
  @Max(1000)
  limit = 1000;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @OptionalText(200)
  cursor?: string;
}

export class RetentionQuery extends IntersectionType(RangeQuery, ZoneQuery) {
  @ApiPropertyOptional({ enum: ['day', 'week'], default: 'day' })
  @IfGiven()
  @IsIn(['day', 'week'], { message: 'interval must be day or week' })
  interval: 'day' | 'week' = 'day';
}

class OverviewSummary {
  @ApiProperty()
  total_events: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'null where a filter leaves too many events: see the method.',
  })
  unique_users: number | null;

  @ApiProperty({ type: Number, nullable: true })
  unique_sessions: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'total_events / unique_users; 0 without users.' })
  events_per_user: number | null;

  @ApiProperty({
    enum: ['exact', 'sketch', 'none'],
    description:
      'sketch: estimated, standard error at most 2 %. none: not counted, because a filter leaves more than 200,000 events.',
  })
  unique_users_method: 'exact' | 'sketch' | 'none';

  @ApiProperty({ enum: ['exact', 'sketch', 'none'] })
  unique_sessions_method: 'exact' | 'sketch' | 'none';

  @ApiProperty({
    enum: ['exact', 'candidates', 'none'],
    description: 'candidates: the counts are exact, but a user who is never among the busiest of a day may be missed.',
  })
  top_users_method: 'exact' | 'candidates' | 'none';
}

class TopUserResponse {
  @ApiProperty()
  user_id: string;

  @ApiProperty()
  count: number;
}

class ConversionResponse {
  @ApiProperty({ type: String, nullable: true, description: 'The newest saved funnel; null for the default one.' })
  funnel_id: string | null;

  @ApiProperty()
  name: string;

  @ApiProperty()
  window_s: number;

  @ApiProperty({ enum: ['exact', 'sample'], description: 'sample: measured on some users and scaled up.' })
  method: 'exact' | 'sample';

  @ApiProperty({ description: 'Users of the last step per user of the first.' })
  rate: number;

  @ApiProperty({ type: [FunnelStepResponse] })
  steps: FunnelStepResponse[];
}

export class OverviewResponse extends RangeResponse {
  @ApiProperty({ type: OverviewSummary })
  summary: OverviewSummary;

  @ApiProperty({ type: [TypeCount] })
  by_type: TypeCount[];

  @ApiProperty({ enum: INTERVALS, description: 'Of `trend`.' })
  interval: Interval;

  @ApiProperty({ type: [TimeseriesPoint] })
  trend: TimeseriesPoint[];

  @ApiProperty({ type: [TopUserResponse] })
  top_users: TopUserResponse[];

  @ApiProperty({ type: ConversionResponse, nullable: true, description: 'null with a filter.' })
  conversion: ConversionResponse | null;
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

  @ApiProperty({ description: 'How many.' })
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
}

class RecentEventResponse extends UserEventResponse {
  @ApiProperty({ type: String, nullable: true })
  session_id: string | null;
}

export class UserOverviewResponse extends RangeResponse {
  @ApiProperty()
  user_id: string;

  @ApiProperty()
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

  @ApiProperty({ description: 'Of the whole session.' })
  event_count: number;

  @ApiProperty({ type: [UserEventResponse], description: 'In order of event_time.' })
  events: UserEventResponse[];
}

export class JourneyResponse extends RangeResponse {
  @ApiProperty()
  user_id: string;

  @ApiProperty({ type: [JourneySession], description: 'In the order in which they begin.' })
  sessions: JourneySession[];

  @ApiProperty({ type: String, nullable: true, description: 'null on the last page.' })
  next_cursor: string | null;
}

class RetentionPeriod {
  @ApiProperty({ description: '0 is the period of the first event.' })
  period: number;

  @ApiProperty({ format: 'date-time' })
  bucket: string;

  @ApiProperty()
  users: number;

  @ApiProperty({ description: 'Share of the cohort.' })
  rate: number;
}

class RetentionCohort {
  @ApiProperty({ format: 'date-time', description: 'When the period of the first event begins.' })
  cohort: string;

  @ApiProperty()
  users: number;

  @ApiProperty({ type: [RetentionPeriod] })
  periods: RetentionPeriod[];
}

export class RetentionResponse extends RangeResponse {
  @ApiProperty({ enum: ['day', 'week'] })
  interval: 'day' | 'week';

  @ApiProperty()
  tz: string;

  @ApiProperty({ type: [RetentionCohort], description: 'The range is widened to whole periods.' })
  data: RetentionCohort[];
}
