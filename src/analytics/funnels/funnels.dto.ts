import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsDefined,
  IsInt,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { IfGiven, IsDateTime } from '../../platform/http/query.dto.js';
import { IsFilter, IsLabel, RangeResponse } from '../counts/analytics.dto.js';
import type { Scalar } from './funnels.repository.js';

const MAX_STEPS = 10;
const MAX_CONDITIONS = 10;
const DAY_S = 86_400;
export const DEFAULT_WINDOW_S = 7 * DAY_S;

function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= 1_000 && value.isWellFormed() && !value.includes('\0');
  return value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

function isConditions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const conditions = Object.entries(value);
  return (
    conditions.length <= MAX_CONDITIONS &&
    conditions.every(([name, wanted]) => name !== '' && name.length <= 255 && isScalar(name) && isScalar(wanted))
  );
}

function IsConditions(): PropertyDecorator {
  return ValidateBy({
    name: 'isConditions',
    validator: {
      validate: isConditions,
      defaultMessage: () =>
        `$property must be an object of at most ${MAX_CONDITIONS} payload properties and the text, number, boolean or null that each must equal`,
    },
  });
}

export class FunnelStepDto {
  @ApiProperty({ example: 'page_view' })
  @IsDefined()
  @IsLabel()
  event_type: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: { country: 'DE' },
    description: 'Properties of the payload and what they must equal.',
  })
  @IfGiven()
  @IsConditions()
  where?: Record<string, Scalar>;
}

export class FunnelDto {
  @ApiProperty({ type: [FunnelStepDto], minItems: 1, maxItems: MAX_STEPS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_STEPS)
  @ValidateNested({ each: true })
  @Type(() => FunnelStepDto)
  steps: FunnelStepDto[];

  @ApiProperty({ description: 'Every step must come within so many seconds of the first.', default: DEFAULT_WINDOW_S })
  @IfGiven()
  @IsInt()
  @Min(1)
  @Max(366 * DAY_S)
  window_s: number = DEFAULT_WINDOW_S;

  @ApiPropertyOptional({
    description: 'client_id, or a payload property of the first event: one result for each of its values as well.',
  })
  @IsFilter()
  group_by?: string;
}

export class FunnelQueryDto extends FunnelDto {
  @ApiPropertyOptional({ description: 'Start, inclusive. Default: 7 days before `to`.', format: 'date-time' })
  @IfGiven()
  @IsDateTime()
  from?: string;

  @ApiPropertyOptional({ description: 'End, exclusive. Default: now.', format: 'date-time' })
  @IfGiven()
  @IsDateTime()
  to?: string;
}

export class CreateFunnelDto extends FunnelDto {
  @ApiProperty({ example: 'Checkout' })
  @IsLabel()
  name: string;
}

export class FunnelStepResponse {
  @ApiProperty()
  event_type: string;

  @ApiProperty({ description: 'Users who came at least so far.' })
  users: number;

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

export class FunnelResponse extends RangeResponse {
  @ApiProperty()
  window_s: number;

  @ApiProperty({ type: [FunnelStepResponse] })
  steps: FunnelStepResponse[];

  @ApiPropertyOptional({ type: [FunnelGroup], description: 'With group_by: the 100 groups with the most users.' })
  groups?: FunnelGroup[];
}

export class SavedFunnelResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: [FunnelStepDto] })
  steps: FunnelStepDto[];

  @ApiProperty()
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
