import type { ErrorObject } from 'ajv';
import { dateTimeFault } from '../../time/time.js';
import { type FieldError, printedName, unknownName } from '../problem.js';
import type { MemberSchema } from './fields.js';
import { textFault } from './payload-check.js';

export type BodyFault = FieldError;

/** How long the name of a member may be that is given back. */
const MAX_NAME = 100;

/** ajv's errors about `body` as paths and ends of sentences, one for each path. */
export function readFaults(errors: readonly ErrorObject[], body: unknown, unknownMember: string): BodyFault[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf');
  const faults = new Map<string, BodyFault>();
  for (const error of errors) {
    if (choices.some((choice) => isInside(choice, error))) continue;
    const path = pathOf(error, body);
    if (!faults.has(path)) faults.set(path, { path, message: messageOf(error, unknownMember) });
  }
  return [...faults.values()];
}

/** Whether an error is about one of the alternatives of `choice`, which has the sentence about all of them. */
function isInside(choice: ErrorObject, error: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${choice.schemaPath}/`) && error.instancePath.startsWith(choice.instancePath);
}

/** `steps[0].event_type` for `/steps/0/event_type`. */
function pathOf({ instancePath, params }: ErrorObject, body: unknown): string {
  const { missingProperty, additionalProperty } = params as { missingProperty?: string; additionalProperty?: string };
  const names = instancePath.split('/').slice(1).map(unescapePointer);
  const member = missingProperty ?? additionalProperty;
  if (member !== undefined) names.push(member);
  let path = '';
  let value = body;
  for (const name of names) {
    const shown = printedName(name.slice(0, MAX_NAME).toWellFormed());
    path += Array.isArray(value) ? `[${shown}]` : `${path === '' ? '' : '.'}${shown}`;
    value = (value as Record<string, unknown> | undefined)?.[name];
  }
  return path;
}

const unescapePointer = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');

function messageOf(error: ErrorObject, unknownMember: string): string {
  const { keyword, data } = error;
  const schema = (error.parentSchema ?? {}) as MemberSchema;
  switch (keyword) {
    case 'required':
      return 'is missing';
    case 'additionalProperties':
      return unknownName((error.params as { additionalProperty: string }).additionalProperty, unknownMember);
    case 'uniqueItems':
      return 'must not contain the same value twice';
    case 'minLength':
    case 'maxLength':
      return `must be ${lengthOf(schema)} long`;
    case 'storable':
      return textFault(data as string) ?? 'cannot be stored';
    case 'text':
      return textFault(data as string) ?? `must be ${lengthOf(boundsIn(schema))} long`;
    case 'format':
    case 'pattern':
      return (
        (String(schema['format']).startsWith('date-time') ? dateTimeFault(data) : null) ?? `must be ${describe(schema)}`
      );
    default:
      return `must be ${describe(schema)}`;
  }
}

/** Where {@link quicken} of body-validator.ts puts them. */
function boundsIn(schema: MemberSchema): { minLength?: number; maxLength?: number } {
  const { min, max } = schema['text'] as { min: number; max?: number };
  return { minLength: min, ...(max === undefined ? {} : { maxLength: max }) };
}

function lengthOf({ minLength = 0, maxLength }: { minLength?: number; maxLength?: number }): string {
  return maxLength === undefined ? `at least ${minLength} characters` : `${minLength} to ${maxLength} characters`;
}

/** What a schema asks for, as the end of "must be". */
function describe(schema: MemberSchema): string {
  const { enum: values, anyOf, format, nullable, title } = schema as Described;
  if (anyOf !== undefined) return [...new Set(anyOf.map(describe))].join(' or ');
  if (values !== undefined) return `one of ${values.map(String).join(', ')}`;
  const named = format === undefined ? undefined : FORMAT_NAMES[format];
  const name = title === undefined ? named : `a ${title}`;
  return `${name ?? typeName(schema)}${nullable === true ? ' or null' : ''}`;
}

const FORMAT_NAMES: Record<string, string> = {
  // quickened or not
  'date-time-quick': 'an RFC 3339 date-time with an offset, like 2026-11-20T08:00:00Z',
  'date-time': 'an RFC 3339 date-time with an offset, like 2026-11-20T08:00:00Z',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  uuid: 'a UUID',
};

interface Described {
  type?: string;
  /** What it is called, where the type says too little. */
  title?: string;
  enum?: unknown[];
  anyOf?: MemberSchema[];
  format?: string;
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
}

function typeName(schema: Described): string {
  switch (schema.type) {
    case 'string':
      return 'a string';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${rangeOf(schema.minimum, schema.maximum)}`;
    case 'number':
      return 'a number';
    case 'array':
      return `an array${countOf('element', schema.minItems, schema.maxItems)}`;
    case 'object':
      return `a JSON object${exampleOf(schema.required)}${countOf('member', undefined, schema.maxProperties)}`;
    case undefined:
    default:
      return 'what the documentation says';
  }
}

function rangeOf(min: number | undefined, max: number | undefined): string {
  if (min === undefined || max === undefined) return '';
  if (max === Number.MAX_SAFE_INTEGER) return ' of at most 53 bits';
  return ` from ${min} to ${max}`;
}

function countOf(noun: string, min: number | undefined, max: number | undefined): string {
  if (max === undefined) return min === undefined ? '' : ` with at least ${min} ${noun}${min === 1 ? '' : 's'}`;
  return min === undefined ? ` of at most ${max} ${noun}s` : ` of ${min} to ${max} ${noun}s`;
}

const exampleOf = (names: string[] = []) =>
  names.length === 0 ? '' : ` like {${names.map((name) => `"${name}":…`).join(',')}}`;
