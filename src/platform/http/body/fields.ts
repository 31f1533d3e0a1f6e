import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiSchema, type ApiSchemaOptions } from '@nestjs/swagger';

import { parseDateTime } from '../../time/time.js';

/**
 * Members of bodies. Each decorator writes the schema of its member, complete, into the OpenAPI document; what checks
 * the body is compiled from the same schema (see body-validator.ts), so the two cannot differ.
 */
interface Member {
  description?: string;
  example?: unknown;
  /** May be left out. */
  optional?: boolean;
  /** null is taken as well. */
  nullable?: boolean;
  /** What a member that is left out becomes; it is optional then. */
  default?: unknown;
}

/** JSON Schema as OpenAPI 3.0 has it. */
export type MemberSchema = Record<string, unknown>;

/** A member of any schema, for what the other decorators cannot say. */
export function Field(schema: MemberSchema, { optional, nullable, ...rest }: Member = {}): PropertyDecorator {
  const required = optional !== true && !('default' in rest);
  const options = { ...(nullable === true ? orNull(schema) : schema), ...rest, required };
  return ApiProperty(options);
}

/** A schema of several has null in each of them: OpenAPI 3.0 knows `nullable` beside a `type` only. */
function orNull(schema: MemberSchema): MemberSchema {
  if (Array.isArray(schema['anyOf'])) return { ...schema, anyOf: schema['anyOf'].map(orNull) };
  const { enum: values } = schema;
  return { ...schema, nullable: true, ...(Array.isArray(values) ? { enum: [...(values as unknown[]), null] } : {}) };
}

/**
 * Text of `min` to `max` characters, as Unicode counts them; 1 to 255 like ids and names, unless something else is
 * said.
 */
export function Text({ min = 1, max = 255, ...member }: Member & { min?: number; max?: number } = {}) {
  return Field(text(min, max), member);
}

export const text = (min: number, max: number): MemberSchema => ({ type: 'string', minLength: min, maxLength: max });

/** Text that is only bounded by what the whole may take. */
export const Prose = (member: Member = {}) => Field({ type: 'string' }, member);

export function WholeNumber({ min, max, ...member }: Member & { min: number; max: number }): PropertyDecorator {
  return Field({ type: 'integer', minimum: min, maximum: max }, member);
}

export const Flag = (member: Member = {}) => Field({ type: 'boolean' }, member);

export function OneOf(values: readonly string[], member: Member = {}): PropertyDecorator {
  return Field({ type: 'string', enum: [...values] }, member);
}

/**
 * RFC 3339 date-time with an offset, in the years 1900 to 2999. The pattern takes away what validators of the format
 * allow beyond it: a space for the T, leap seconds, which no clock here has, and digits that would be cut off.
 */
export const DATE_TIME: MemberSchema = {
  type: 'string',
  format: 'date-time',
  pattern: '^(19|2\\d)\\d\\d-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:[0-5]\\d(\\.\\d{1,9})?([Zz]|[+-]\\d\\d:\\d\\d)$',
};

/** Parts of one class. */
export function ListOf(
  dto: object,
  { min, max, ...member }: Member & { min?: number; max: number },
): PropertyDecorator {
  return Field({ type: [dto], ...(min === undefined ? {} : { minItems: min }), maxItems: max }, member);
}

/** What {@link DATE_TIME} describes, at one look. The tests compare the two. */
export const isDateTime = (text: string): boolean => /^(?:19|2\d)/.test(text) && parseDateTime(text) !== null;

/** Days that are in the calendar, and perhaps a time of day. */
const LOCAL_TIME: MemberSchema = {
  type: 'string',
  title: 'date like 2026-11-20',
  pattern:
    '^(?:(?:19|2\\d)\\d\\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)' +
    '|02-(?:0[1-9]|1\\d|2[0-8]))|(?:(?:19|2\\d)(?:0[48]|[2468][048]|[13579][26])|2[048]00)-02-29)' +
    '(?:[Tt ](?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,9})?)?)?$',
};

/** {@link DATE_TIME}, or a date or a time without an offset, which is one of UTC: see asked-time.ts. */
export const DateOrDateTime = (member: Member = {}) => Field({ anyOf: [DATE_TIME, LOCAL_TIME] }, member);

export const DateTime = (member: Member = {}) => Field(DATE_TIME, member);

/** The pattern takes away `urn:uuid:`, which validators of the format allow and PostgreSQL does not. */
const UUID: MemberSchema = { type: 'string', format: 'uuid', pattern: '^[0-9A-Fa-f-]{36}$' };

export const Uuid = (member: Member = {}) => Field(UUID, member);

/**
 * JSON of the caller's own. What it may cost is checked by who takes it: see payload-check.ts. An empty array, as PHP
 * writes an object without members, is taken as well, and who takes it makes an object of it.
 */
export const JsonObject = (member: Member = {}) => Field(JSON_OBJECT, member);

export const JSON_OBJECT: MemberSchema = { type: 'object', additionalProperties: true };

export const IP_ADDRESS: MemberSchema = {
  anyOf: [
    { type: 'string', format: 'ipv4' },
    { type: 'string', format: 'ipv6' },
  ],
};

/** Whatever stands there is taken; `schema` is what is understood, and the rest is passed over. */
export function Understood(schema: MemberSchema, member: Member = {}): PropertyDecorator {
  return Field({ anyOf: [schema, { description: 'Anything else is passed over.' }] }, { ...member, optional: true });
}

const CHECKED_ONE_BY_ONE = Symbol('checked one by one');
const UNKNOWN_MEMBER = Symbol('sentence about unknown members');

/**
 * Items that whoever takes them checks one by one, so that a bad one sinks no other; their number is his to bound too.
 */
export function CheckedOneByOne(): PropertyDecorator {
  return (prototype, name) => {
    if (typeof name === 'symbol') return;
    Reflect.defineMetadata(
      CHECKED_ONE_BY_ONE,
      [...checkedOneByOne(prototype.constructor), name],
      prototype.constructor,
    );
  };
}

export const checkedOneByOne = (dto: object): readonly string[] =>
  (Reflect.getMetadata(CHECKED_ONE_BY_ONE, dto) as readonly string[] | undefined) ?? [];

/** A body, or a part of one, that has no members but its own. */
export function Closed(sentence = 'is not a known field'): ClassDecorator {
  const schema = { additionalProperties: false } as ApiSchemaOptions;
  const remember: ClassDecorator = (dto) => Reflect.defineMetadata(UNKNOWN_MEMBER, sentence, dto);
  return applyDecorators(ApiSchema(schema), remember);
}

/** A body with members of any name besides its own, each of `schema`. */
export const MoreMembers = (schema: MemberSchema): ClassDecorator =>
  ApiSchema({ additionalProperties: schema } as ApiSchemaOptions);

/** What is said about a member that a {@link Closed} body does not have. */
export const unknownMember = (dto: object): string =>
  (Reflect.getMetadata(UNKNOWN_MEMBER, dto) as string | undefined) ?? 'is not a known field';
