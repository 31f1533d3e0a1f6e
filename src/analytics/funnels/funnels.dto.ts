import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Closed, DateOrDateTime, Field, ListOf, Text, text, WholeNumber } from '../../platform/http/body/fields.js';
import { RangeQuery } from '../../platform/http/query.dto.js';
import { CountedRangeResponse } from '../../platform/http/range.dto.js';
import { FiltersField, SegmentField } from '../filters/filters.query.js';
import type { Sampling } from '../sampling/sample.js';
import {
  SampleMember,
  SampleResponse,
  SamplingField,
  SamplingParameter,
  StandardError,
} from '../sampling/sampling.dto.js';
import { MAX_CONDITION_TEXT, MAX_CONDITIONS, PROPERTY_NAMES, type Scalar } from '../properties/event-property.js';

const MAX_STEPS = 10;
const DAY_S = 86_400;
export const DEFAULT_WINDOW_S = 7 * DAY_S;

const SCALAR = {
  anyOf: [
    { ...text(0, MAX_CONDITION_TEXT), nullable: true },
    { type: 'number', nullable: true },
    { type: 'boolean', nullable: true },
  ],
};

@Closed()
export class FunnelStepDto {
  @Text({ example: 'page_view' })
  event_type: string;

  @Field(
    { type: 'object', additionalProperties: SCALAR, maxProperties: MAX_CONDITIONS },
    {
      ...{ optional: true, example: { country: 'DE', 'enrichment.user_segment': 'trial' } },
      description: `At most ${MAX_CONDITIONS} properties and what they must equal. ${PROPERTY_NAMES}`,
    },
  )
  where?: Record<string, Scalar>;

  @FiltersField()
  filters?: object;

  @SegmentField()
  segment?: string;
}

@Closed()
export class FunnelDto {
  @ListOf(FunnelStepDto, { min: 1, max: MAX_STEPS })
  steps: FunnelStepDto[];

  @WholeNumber({
    ...{ min: 1, max: 366 * DAY_S, default: DEFAULT_WINDOW_S },
    description: 'Every step must come within so many seconds of the first.',
  })
  window_s: number;

  @Text({
    optional: true,
    description: `A property of the first event: one result for each of its values as well. ${PROPERTY_NAMES}`,
  })
  group_by?: string;
}

@Closed()
export class FunnelQueryDto extends FunnelDto {
  @DateOrDateTime({ optional: true, description: 'Start, inclusive. Default: 7 days before `to`.' })
  from?: string;

  @DateOrDateTime({ optional: true, description: 'End, exclusive. Default: now.' })
  to?: string;

  @SamplingField()
  sampling?: Sampling;
}

export class FunnelResultQuery extends RangeQuery {
  @SamplingParameter()
  sampling?: Sampling = 'auto';
}

@Closed()
export class CreateFunnelDto extends FunnelDto {
  @Text({ example: 'Checkout' })
  name: string;
}

export class FunnelStepResponse {
  @ApiProperty()
  event_type: string;

  @ApiProperty({ type: 'integer', description: 'Users who came at least so far.' })
  users: number;

  @StandardError()
  standard_error?: number | null;

  @ApiProperty({ description: 'Share of the users of the step before; 1 for the first step, 0 when there are none.' })
  conversion_from_previous: number;

  @ApiProperty({ description: 'Share of the users of the first step.' })
  conversion_from_first: number;

  @ApiProperty({ type: Number, nullable: true, description: 'null for the first step and where nobody came.' })
  median_time_from_previous_s: number | null;
}

class FunnelGroup {
  @ApiProperty({ type: String, nullable: true, description: 'null for users whose first event lacks the property.' })
  value: string | null;

  @ApiProperty({ type: [FunnelStepResponse] })
  steps: FunnelStepResponse[];
}

export class FunnelResponse extends CountedRangeResponse {
  @ApiProperty({ type: 'integer' })
  window_s: number;

  @ApiProperty({ type: [FunnelStepResponse] })
  steps: FunnelStepResponse[];

  @ApiPropertyOptional({ type: [FunnelGroup], description: 'With group_by: the 100 groups with the most users.' })
  groups?: FunnelGroup[];

  @SampleMember()
  sample?: SampleResponse;

  @ApiPropertyOptional({
    type: [String],
    description: 'Properties asked for that no event of the range and of that step has: perhaps misspelt.',
  })
  unseen_properties?: string[];
}

export class SavedFunnelResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: [FunnelStepDto] })
  steps: FunnelStepDto[];

  @ApiProperty({ type: 'integer' })
  window_s: number;

  @ApiProperty({ type: String, nullable: true })
  group_by: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class SavedFunnelPage {
  @ApiProperty({ type: [SavedFunnelResponse] })
  data: SavedFunnelResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
