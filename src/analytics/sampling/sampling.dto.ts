import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { OneOf } from '../../platform/http/body/fields.js';
import { IfGiven } from '../../platform/http/query.dto.js';
import { type SampleDescription, type SampledUnit, SAMPLINGS } from './sample.js';

const WORDS =
  '`auto`: from all events, or from those of a sample of users when that takes longer than 5 s; the answer says so in ' +
  '`sample`. `never`: from all of them, or 503. A rate: of a sample in any case. See docs/filters.md.';

/** The query parameter `sampling`. */
export const SamplingParameter = (): PropertyDecorator =>
  applyDecorators(
    IsIn(SAMPLINGS, { message: `sampling must be one of ${SAMPLINGS.join(', ')}` }),
    IfGiven(),
    ApiPropertyOptional({ enum: SAMPLINGS, default: 'auto', description: WORDS }),
  );

/** The member `sampling` of a body. */
export const SamplingField = (): PropertyDecorator => OneOf(SAMPLINGS, { default: 'auto', description: WORDS });

export class SampleResponse implements SampleDescription {
  @ApiProperty({
    enum: ['user', 'session'],
    description:
      'What was sampled, by a hash of its id: the same ones at each time, with all of their events or with none. user: ' +
      'events without a user are sampled one by one.',
  })
  method: SampledUnit;

  @ApiProperty({ description: 'The share that was sampled, like 0.0625. Counts are scaled up to all.' })
  rate: number;

  @ApiProperty({ enum: ['asked', 'time_limit'], description: 'time_limit: all events would have taken too long.' })
  reason: 'asked' | 'time_limit';
}

/** Of a member of an answer that has it beside a count. */
export const StandardError = (of = 'the number'): PropertyDecorator =>
  ApiPropertyOptional({
    type: Number,
    nullable: true,
    description: `With \`sample\`: the standard error of ${of}. null where it stands on fewer than 30 sampled users or sessions.`,
  });

/** The member `sample` of an answer. */
export const SampleMember = (): PropertyDecorator =>
  ApiPropertyOptional({
    type: SampleResponse,
    description: 'Only where the answer is an estimate from a sample. Without it every number is exact.',
  });
