import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { IfGiven, RangeQuery } from '../../platform/http/query.dto.js';
import { CountedRangeResponse } from '../../platform/http/range.dto.js';
import { IsFilter, TimeseriesPoint, TypeCount } from '../counts/analytics.dto.js';
import { FiltersParameter, SegmentParameter } from '../filters/filters.query.js';
import { FunnelStepResponse } from '../funnels/funnels.dto.js';
import type { Sampling } from '../sampling/sample.js';
import { SampleMember, SampleResponse, SamplingParameter, StandardError } from '../sampling/sampling.dto.js';
import { type Interval, INTERVALS } from '../time/local-time.js';

export class OverviewQuery extends RangeQuery {
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

  @FiltersParameter()
  filters?: unknown;

  @SegmentParameter()
  segment?: string;

  @SamplingParameter()
  sampling?: Sampling = 'auto';
}

class OverviewSummary {
  @ApiProperty({ type: 'integer' })
  total_events: number;

  @StandardError('total_events')
  total_events_standard_error?: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'null where a filter leaves too many events: see the method.',
  })
  unique_users: number | null;

  @StandardError('unique_users')
  unique_users_standard_error?: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  unique_sessions: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description:
      'Events that have a user, per user; 0 without users. With the method sketch, of the users that were sampled.',
  })
  events_per_user: number | null;

  @ApiProperty({
    enum: ['exact', 'sketch', 'sample', 'none'],
    description:
      'sketch: estimated, standard error at most 2 %. sample: see `sample`. none: not counted, because a filter leaves more than 200,000 events.',
  })
  unique_users_method: 'exact' | 'sketch' | 'sample' | 'none';

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

  @ApiProperty({ type: 'integer' })
  count: number;
}

class ConversionResponse {
  @ApiProperty({ type: String, nullable: true, description: 'The newest saved funnel; null for the default one.' })
  funnel_id: string | null;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: 'integer' })
  window_s: number;

  @ApiProperty({ enum: ['exact', 'sample'], description: 'sample: measured on some users and scaled up.' })
  method: 'exact' | 'sample';

  @ApiProperty({ description: 'Users of the last step per user of the first.' })
  rate: number;

  @ApiProperty({ type: [FunnelStepResponse] })
  steps: FunnelStepResponse[];
}

export class OverviewResponse extends CountedRangeResponse {
  @SampleMember()
  sample?: SampleResponse;

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

  @ApiPropertyOptional({
    type: [String],
    description: 'With filters and without data: their properties that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}
