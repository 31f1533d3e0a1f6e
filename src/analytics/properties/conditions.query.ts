import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';
import { textFault } from '../../platform/http/body/payload-check.js';
import { ExactNumber, isJsonObject } from '../../platform/json/exact-number.js';
import { readJson } from '../../platform/json/json-text.js';
import { IfGiven } from '../../platform/http/query.dto.js';
import { MAX_CONDITION_TEXT, MAX_CONDITIONS, PROPERTY_NAMES, propertyFault } from './event-property.js';

/** A query parameter whose text is a JSON object: names of properties, and the value that each must have. */
export function Conditions(): PropertyDecorator {
  return applyDecorators(
    ValidateBy({
      name: 'conditions',
      validator: {
        validate: (value) => conditionsFault(value) === null,
        defaultMessage: (validation) => `$property ${conditionsFault(validation?.value)}`,
      },
    }),
    Transform(({ value }: { value: unknown }) => jsonOfParameter(value)),
    IfGiven(),
    ApiPropertyOptional({
      type: String,
      additionalProperties: undefined, // that of the object which the text becomes
      ...{ minLength: 2, maxLength: 16_384 },
      description: `A JSON object of at most ${MAX_CONDITIONS} properties and the value that each must have. ${PROPERTY_NAMES}`,
      example: '{"payload.plan":"pro"}',
    }),
  );
}

/** What the text of a parameter says as JSON; other text as it is, to be refused by who wants an object. */
export function jsonOfParameter(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return readJson(text);
  } catch {
    return text;
  }
}

function conditionsFault(value: unknown): string | null {
  if (!isJsonObject(value)) {
    return 'must be a JSON object of properties and values, like {"payload.plan":"pro"}';
  }
  const conditions = Object.entries(value);
  if (conditions.length > MAX_CONDITIONS) return `must contain at most ${MAX_CONDITIONS} properties`;
  for (const [name, wanted] of conditions) {
    const fault = propertyFault(name);
    if (fault !== null) return `has a name that ${fault}`;
    if (wanted instanceof ExactNumber && !wanted.isTooLong) continue;
    if (typeof wanted === 'object' && wanted !== null) return 'must contain only strings, numbers, booleans and nulls';
    if (wanted === Infinity || wanted === -Infinity) return 'has a number that is not finite';
    if (typeof wanted !== 'string') continue;
    if (wanted.length > MAX_CONDITION_TEXT) return `must contain strings of at most ${MAX_CONDITION_TEXT} characters`;
    const unstorable = textFault(wanted);
    if (unstorable !== null) return `has a value that ${unstorable}`;
  }
  return null;
}
