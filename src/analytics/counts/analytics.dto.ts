import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Length, Max, Min } from 'class-validator';
import { ANY_JSON } from '../../platform/http/body/fields.js';
import { IfGiven, RangeQuery, ToInteger } from '../../platform/http/query.dto.js';
import { CountedRangeResponse } from '../../platform/http/range.dto.js';
import { FiltersParameter, SegmentParameter } from '../filters/filters.query.js';
import type { Sampling } from '../sampling/sample.js';
import { SampleMember, SampleResponse, SamplingParameter, StandardError } from '../sampling/sampling.dto.js';
import { PROPERTY_NAMES } from '../properties/event-property.js';
import { type Interval, INTERVALS } from '../time/local-time.js';

/** As ids, types and names of properties may be. */
export function IsLabel(): PropertyDecorator {
  return applyDecorators(IsString(), Length(1, 255), ApiProperty({ type: String, minLength: 1, maxLength: 255 }));
}

/** Text by which events are filtered: as long as ids and types may be. */
export function IsFilter(): PropertyDecorator {
  return applyDecorators(IfGiven(), IsLabel());
}

export class EventCountsQuery extends RangeQuery {
  @ApiPropertyOptional({ description: 'Only events of this calling application.' })
  @IsFilter()
  client_id?: string;
}

export class TypeCount {
  @ApiProperty()
  event_type: string;

  @ApiProperty({ type: 'integer' })
  count: number;

  @StandardError()
  standard_error?: number | null;
}

class ClientTypeCount extends TypeCount {
  @ApiProperty()
  client_id: string;
}

export const MEASURES = ['events', 'users', 'sessions'] as const;
export type Measure = (typeof MEASURES)[number];

export class TimeseriesQuery extends EventCountsQuery {
  @ApiPropertyOptional({ enum: INTERVALS, description: 'Default: one that makes a readable chart.' })
  @IfGiven()
  @IsIn(INTERVALS, { message: `interval must be one of ${INTERVALS.join(', ')}` })
  interval?: Interval;

  @ApiPropertyOptional({ description: 'Only events of this type.' })
  @IsFilter()
  event_type?: string;

  @ApiPropertyOptional({
    enum: MEASURES,
    default: 'events',
    description: 'Distinct users or sessions instead of events: of all events, and at most 100 buckets.',
  })
  @IfGiven()
  @IsIn(MEASURES, { message: `measure must be one of ${MEASURES.join(', ')}` })
  measure?: Measure;

  @ApiPropertyOptional({ enum: ['event_type', 'client_id'], description: 'One series for each.' })
  @IfGiven()
  @IsIn(['event_type', 'client_id'], { message: 'group_by must be event_type or client_id' })
  group_by?: 'event_type' | 'client_id';
}

export class ProcessingMetricsQuery extends EventCountsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    description: 'The last so many days, instead of from and to.',
    minimum: 1,
    maximum: 3650,
    default: 7,
  })
  @IfGiven()
  @ToInteger()
  @IsInt({ message: 'days must be a whole number' })
  @Min(1)
  @Max(3650)
  days?: number;

  @ApiPropertyOptional({ enum: INTERVALS, description: 'Of `series`. Default: one that makes a readable chart.' })
  @IfGiven()
  @IsIn(INTERVALS, { message: `interval must be one of ${INTERVALS.join(', ')}` })
  interval?: Interval;
}

export class BreakdownQuery extends RangeQuery {
  @ApiProperty({ description: PROPERTY_NAMES, example: 'payload.plan' })
  @IsLabel()
  property: string;

  @ApiPropertyOptional({ description: 'Only events of this type.' })
  @IsFilter()
  event_type?: string;

  @ApiPropertyOptional({ description: 'Only events of this calling application.' })
  @IsFilter()
  client_id?: string;

  @ApiPropertyOptional({
    type: 'integer',
    description: 'Most values in the answer.',
    minimum: 1,
    maximum: 1000,
    default: 10,
  })
  @IfGiven()
  @ToInteger()
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1)
  @Max(1000)
  limit = 10;

  @FiltersParameter()
  filters?: unknown;

  @SegmentParameter()
  segment?: string;

  @SamplingParameter()
  sampling?: Sampling = 'auto';
}

export class EventsByTypeResponse extends CountedRangeResponse {
  @ApiProperty({ type: 'integer' })
  total: number;

  @ApiProperty({ type: [TypeCount] })
  data: TypeCount[];
}

export class EventsByClientAndTypeResponse extends CountedRangeResponse {
  @ApiProperty({ type: [ClientTypeCount] })
  data: ClientTypeCount[];
}

export class TimeseriesPoint {
  @ApiProperty({ format: 'date-time', description: 'The instant at which the bucket begins.' })
  bucket: string;

  @ApiProperty({ type: 'integer' })
  count: number;

  @StandardError()
  standard_error?: number | null;

  @ApiPropertyOptional({ description: 'With group_by=event_type.' })
  event_type?: string;

  @ApiPropertyOptional({ description: 'With group_by=client_id.' })
  client_id?: string;
}

export class TimeseriesResponse extends CountedRangeResponse {
  @ApiProperty({ enum: INTERVALS })
  interval: Interval;

  @ApiProperty()
  tz: string;

  @ApiProperty({ type: [TimeseriesPoint], description: 'In order of time, gaps filled with 0.' })
  data: TimeseriesPoint[];
}

export class LatencyResponse {
  @ApiProperty({ type: Number, nullable: true, description: 'null where nothing was processed, as are the others.' })
  avg: number | null;

  @ApiProperty({ type: Number, nullable: true })
  min: number | null;

  @ApiProperty({ type: Number, nullable: true })
  max: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Percentiles are within 1 % of the true value.' })
  p50: number | null;

  @ApiProperty({ type: Number, nullable: true })
  p95: number | null;

  @ApiProperty({ type: Number, nullable: true })
  p99: number | null;
}

class ProcessingPoint {
  @ApiProperty({ format: 'date-time' })
  bucket: string;

  @ApiProperty({ type: 'integer' })
  processed: number;

  @ApiProperty({ type: 'integer' })
  failed: number;

  @ApiProperty({ type: LatencyResponse })
  latency_ms: LatencyResponse;
}

export class ProcessingMetricsResponse extends CountedRangeResponse {
  @ApiProperty({
    type: 'integer',
    description: 'Events processed in the range, whenever they happened. The range is widened to whole minutes.',
  })
  processed: number;

  @ApiProperty({ type: 'integer' })
  failed: number;

  @ApiProperty({ type: 'integer', description: 'Accepted events that wait now.' })
  pending: number;

  @ApiProperty({ type: LatencyResponse, description: 'From receipt to the end of processing.' })
  latency_ms: LatencyResponse;

  @ApiProperty({ enum: INTERVALS })
  interval: Interval;

  @ApiProperty({ type: [ProcessingPoint] })
  series: ProcessingPoint[];
}

class ValueCount {
  @ApiProperty({
    description: 'The JSON value; arrays and objects too.',
    ...ANY_JSON,
  })
  value: unknown;

  @ApiProperty({ type: 'integer' })
  count: number;

  @StandardError()
  standard_error?: number | null;
}

export class BreakdownResponse extends CountedRangeResponse {
  @ApiProperty()
  property: string;

  @ApiProperty({ description: 'false: no event of this range and with these filters has a property of this name.' })
  property_seen: boolean;

  @ApiProperty({ type: 'integer', description: 'Events that have the property.' })
  total: number;

  @StandardError('total')
  standard_error?: number | null;

  @ApiProperty({
    type: 'integer',
    description: 'Different values that it has; with `sample` those found, so perhaps more.',
  })
  distinct_values: number;

  @ApiProperty({ type: [ValueCount], description: 'Most frequent first.' })
  data: ValueCount[];

  @SampleMember()
  sample?: SampleResponse;

  @ApiPropertyOptional({
    type: [String],
    description: 'With filters and without data: their properties that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}

class QueueCounts {
  @ApiProperty()
  name: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'null while the queue is away.' })
  waiting: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  active: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  delayed: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  completed: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  failed: number | null;

  @ApiProperty({ type: Boolean, nullable: true })
  paused: boolean | null;
}

class DeadLetterCounts {
  @ApiProperty({ type: 'integer', description: 'They wait for their next retry.' })
  open: number;

  @ApiProperty({ type: 'integer', description: 'Their retries are used up; somebody has to retry or discard them.' })
  dead: number;
}

export class QueueStatusResponse {
  @ApiProperty({ type: 'integer', description: "The tenant's accepted events that are not processed yet." })
  pending_events: number;

  @ApiProperty({ description: 'Age of the oldest of them in seconds; 0 when there is none.' })
  oldest_pending_age_s: number;

  @ApiProperty({ type: DeadLetterCounts, description: "The tenant's events that could not be processed." })
  dead_letters: DeadLetterCounts;

  @ApiProperty({ type: [QueueCounts], description: 'Every queue of the installation, of all tenants together.' })
  queues: QueueCounts[];
}
