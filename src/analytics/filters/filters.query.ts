import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { Allow } from 'class-validator';
import { Field, JSON_OBJECT, Text } from '../../platform/http/body/fields.js';
import { OptionalText } from '../../platform/http/query.dto.js';
import { jsonOfParameter } from '../properties/conditions.query.js';
import { OPERATORS } from './filter.js';
import { MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH, MAX_FILTER_VALUES } from './filter-faults.js';

/** For the documentation of whatever takes a filter. */
export const FILTER_WORDS =
  `Which events count: a condition \`{"property":…,"op":…,"value":…}\`, or \`{"and":[…]}\` or \`{"or":[…]}\` of ` +
  `several, to a depth of ${MAX_FILTER_DEPTH} and at most ${MAX_FILTER_CONDITIONS} conditions. \`op\` is one of ` +
  `${OPERATORS.join(', ')}; \`in\` and \`not_in\` take an array of at most ${MAX_FILTER_VALUES} values, \`between\` the ` +
  `lowest and the highest, \`is_set\` and \`is_not_set\` no value. Values are compared by their JSON type: 1 is not "1". ` +
  `See docs/filters.md.`;

export const FILTER_EXAMPLE = { and: [{ property: 'payload.plan', op: 'in', value: ['pro', 'team'] }] };

/** A query parameter whose text is the JSON of a filter. Who takes it calls {@link requireFilter}. */
export function FiltersParameter(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: { value: unknown }) => jsonOfParameter(value)),
    Allow(),
    ApiPropertyOptional({
      type: String,
      additionalProperties: undefined, // that of the object which the text becomes
      ...{ minLength: 2, maxLength: 16_384 },
      description: `JSON. ${FILTER_WORDS}`,
      example: JSON.stringify(FILTER_EXAMPLE),
    }),
  );
}

/** The member of a body that is a filter. Who takes it calls {@link requireFilter}. */
export const FiltersField = (): PropertyDecorator =>
  Field(JSON_OBJECT, { optional: true, description: FILTER_WORDS, example: FILTER_EXAMPLE });

const SEGMENT_WORDS =
  'A saved segment, by its id or its name: only events that are in it, besides what `filters` says.';

/** A query parameter that names a segment. */
export const SegmentParameter = (): PropertyDecorator =>
  applyDecorators(OptionalText(), ApiPropertyOptional({ description: SEGMENT_WORDS }));

/** The member of a body that names a segment. */
export const SegmentField = (): PropertyDecorator => Text({ optional: true, description: SEGMENT_WORDS });
