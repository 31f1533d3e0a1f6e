import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ANY_JSON,
  Closed,
  DateOrDateTime,
  Field,
  MoreMembers,
  OneOf,
  Text,
  text,
  WholeNumber,
} from '../../platform/http/body/fields.js';
import { type Engine, ENGINES } from '../../platform/database/as-of.js';
import { RangeResponse } from '../../platform/http/range.dto.js';
import { type Measure, MEASURES } from '../counts/analytics.dto.js';
import { FiltersField, SegmentField } from '../filters/filters.query.js';
import { PROPERTY_NAMES } from '../properties/event-property.js';
import type { Sampling } from '../sampling/sample.js';
import { SampleMember, SampleResponse, SamplingField, StandardError } from '../sampling/sampling.dto.js';
import { type Interval, INTERVALS } from '../time/local-time.js';

@Closed()
export class AnalyticsQueryDto {
  @OneOf(MEASURES, { description: 'What is counted: events, or distinct users or sessions of them.' })
  measure: Measure;

  @FiltersField()
  filters?: object;

  @SegmentField()
  segment?: string;

  @Field(
    { type: 'array', items: text(1, 255), maxItems: 2, uniqueItems: true },
    {
      ...{ optional: true, example: ['payload.plan'] },
      description: `A value for each value of these properties, each a member of its row under this name. ${PROPERTY_NAMES}`,
    },
  )
  breakdown?: string[];

  @OneOf(INTERVALS, { optional: true, description: 'A value for each bucket of time as well.' })
  interval?: Interval;

  @Text({
    ...{ max: 64, default: 'UTC', example: 'America/Chicago' },
    description: 'IANA time zone in which buckets begin, and of dates and times without an offset.',
  })
  tz: string;

  @DateOrDateTime({ optional: true, description: 'Start, inclusive. Default: 7 days before `to`.' })
  from?: string;

  @DateOrDateTime({ optional: true, description: 'End, exclusive. Default: now.' })
  to?: string;

  @OneOf(['previous_period'], {
    optional: true,
    description: 'The same for as much time before `from`, in `previous`.',
  })
  compare?: 'previous_period';

  @WholeNumber({
    ...{ min: 1, max: 1_000, optional: true },
    description:
      'With breakdown: most groups in the answer, those with the highest values. Default: 100, fewer with many buckets.',
  })
  limit?: number;

  @SamplingField()
  sampling?: Sampling;
}

@MoreMembers(ANY_JSON)
export class QueryRow {
  @ApiPropertyOptional({ format: 'date-time', description: 'With interval: the instant at which the bucket begins.' })
  bucket?: string;

  @ApiProperty({ type: 'integer' })
  value: number;

  @StandardError()
  standard_error?: number | null;

  [property: string]: unknown;
}

const ROWS = {
  type: [QueryRow] as [typeof QueryRow],
  description:
    'Groups in order of their value, the buckets of each in order of time, gaps filled with 0. With breakdown each row ' +
    'has the values of its group under the names of the properties; null where events lack one, or have null.',
};

export class PreviousResponse extends RangeResponse {
  @ApiProperty(ROWS)
  data: QueryRow[];

  @SampleMember()
  sample?: SampleResponse;
}

export class AnalyticsQueryResponse extends RangeResponse {
  @ApiProperty({ enum: MEASURES })
  measure: Measure;

  @ApiProperty({ enum: INTERVALS, nullable: true, type: String })
  interval: Interval | null;

  @ApiProperty()
  tz: string;

  @ApiProperty(ROWS)
  data: QueryRow[];

  @ApiProperty({
    type: 'integer',
    description: 'Groups there are, also those beyond limit; with `sample` those found, so perhaps more.',
  })
  distinct_groups: number;

  @ApiPropertyOptional({ type: PreviousResponse, description: 'With compare: of the same groups.' })
  previous?: PreviousResponse;

  @ApiProperty({ enum: ['exact', 'sample'], description: 'How it was counted.' })
  method: 'exact' | 'sample';

  @SampleMember()
  sample?: SampleResponse;

  @ApiProperty({ enum: ENGINES, description: 'What has answered.' })
  engine: Engine;

  @ApiProperty({ format: 'date-time', description: 'Events that were counted by this time are in the answer.' })
  as_of: string;

  @ApiPropertyOptional({
    type: [String],
    description: 'Without data: properties asked for that no event of the range has, perhaps misspelt.',
  })
  unseen_properties?: string[];
}
