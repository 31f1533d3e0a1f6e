import type { Type } from '@nestjs/common';
import { generateSchema } from '@nestjs/swagger';
import { _, Ajv, type CodeKeywordDefinition, type ValidateFunction } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { ExactNumber } from '../../json/exact-number.js';
import { FieldFault } from '../field-fault.js';
import { badRequest, type FieldError, Problem } from '../problem.js';
import { type BodyFault, readFaults } from './body-faults.js';
import { checkedOneByOne, isDateTime, type MemberSchema, unknownMember } from './fields.js';
import { textFault } from './payload-check.js';

/** Faults that an answer lists; how many more there are is said in its sentence. */
export const MAX_LISTED = 100;
/** Faults that the sentence itself names. */
const MAX_NAMED = 5;
/** Of a body with more values than this only the first fault is looked for: ajv cannot stop after so many. */
const MAX_EXPLAINED = 2_000;

const FORMATS = ['date-time', 'ipv4', 'ipv6', 'uuid'] as const;
/** What tells something to people or to other programs, and checks nothing. */
const ANNOTATIONS = ['example', 'components'];

/**
 * Checks bodies of one DTO class by the schema that documents it. Nothing is coerced; members with a documented default
 * get it. Compiled once, at the first use.
 */
export class BodyValidator<T extends object> {
  private validate: ValidateFunction<T> | undefined;
  private explain: ValidateFunction<T> | undefined;

  constructor(private readonly dto: Type<T>) {}

  /** Whether `value` is such a body. The cheap question, for what comes a thousand times in a request. */
  accepts(value: unknown): value is T {
    this.validate ??= CHECKING.compile<T>(serverSchema(this.dto, quicken));
    return this.validate(value);
  }

  /** Everything that is wrong with `value`; empty when nothing is. */
  faultsOf(value: unknown): BodyFault[] {
    if (this.accepts(value)) return [];
    const first = this.validate?.errors ?? [];
    if (!hasAtMost(MAX_EXPLAINED, value)) return readFaults(first, value, unknownMember(this.dto));
    this.explain ??= EXPLAINING.compile<T>(serverSchema(this.dto, requireStorable));
    this.explain(value);
    return readFaults(this.explain.errors ?? first, value, unknownMember(this.dto));
  }

  /** @throws Problem 400 that names everything that is wrong */
  check(value: unknown): T {
    if (this.accepts(value)) return value;
    throw invalidBody(this.faultsOf(value));
  }
}

const VALIDATORS = new Map<Type<object>, BodyValidator<object>>();

/** The one validator of a class. */
export function bodyValidatorFor<T extends object>(dto: Type<T>): BodyValidator<T> {
  let validator = VALIDATORS.get(dto) as BodyValidator<T> | undefined;
  if (validator === undefined) VALIDATORS.set(dto, (validator = new BodyValidator(dto)));
  return validator;
}

/** @throws Problem 400 in the place of a FieldFault of `read` */
export function refuseFaults<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldFault) throw invalidBody([error]);
    throw error;
  }
}

/** 400 with a sentence that names the first faults, and the list of them. */
export function invalidBody(faults: readonly FieldError[], subject = 'The body') {
  const named = faults.slice(0, MAX_NAMED).map(({ path, message }) => `${path === '' ? subject : path} ${message}`);
  const more = faults.length - named.length;
  return badRequest(
    `${named.join('; ')}${more > 0 ? `; and ${more} more fault${more === 1 ? '' : 's'}` : ''}.`,
    faults.slice(0, MAX_LISTED).map(({ path, message }) => ({ path, message })),
  );
}

/**
 * 400, or another status, for a request with many parts of which none is valid; the answer has the result of each too.
 */
export function nothingAccepted(
  sentence: string,
  response: { results: readonly { error?: { path?: string; message: string; errors?: FieldError[] } }[] },
  status = 400,
): Problem {
  const faults = response.results.flatMap(({ error }) =>
    error === undefined ? [] : (error.errors ?? [{ path: error.path ?? '', message: error.message }]),
  );
  const more = faults.length - MAX_LISTED;
  const listed = more > 0 ? ` The first ${MAX_LISTED} faults are listed; there are ${more} more.` : '';
  return new Problem(status, `${sentence}; results say what is wrong with each.${listed}`, {
    errors: faults.slice(0, MAX_LISTED),
    members: { ...response },
  });
}

/**
 * The documented schema, without the items that are checked one by one, and with the rule that holds for every text of
 * the API, which the document says once for all: PostgreSQL can store it.
 */
function serverSchema(dto: Type<object>, adapt: (schema: MemberSchema) => void): MemberSchema {
  const { schemas } = structuredClone(generateSchema(dto)) as unknown as { schemas: Record<string, MemberSchema> };
  const own = schemas[dto.name] as { properties: Record<string, MemberSchema> };
  for (const name of checkedOneByOne(dto)) {
    const { items: _items, maxItems: _maxItems, ...member } = own.properties[name]!; // decorated, so documented
    own.properties[name] = member;
  }
  for (const schema of Object.values(schemas)) adaptSchemas(schema, adapt);
  return { $ref: `#/components/schemas/${dto.name}`, components: { schemas } };
}

/** Changes the schema of every text that is not one of a few, and those of numbers and objects. */
function adaptSchemas(schema: unknown, adapt: (schema: MemberSchema) => void): void {
  if (typeof schema !== 'object' || schema === null) return;
  const own = schema as MemberSchema;
  if (own['type'] === 'string' && own['enum'] === undefined) adapt(own);
  if (own['type'] === 'number' && own['minimum'] === undefined) replaceType(own, 'anyNumber');
  if (own['type'] === 'object') {
    if (own['additionalProperties'] === true) replaceType(own, 'anyObject');
    else own['plainObject'] = true;
  }
  for (const [keyword, part] of Object.entries(own)) {
    if (!NO_SCHEMAS.has(keyword)) adaptSchemas(part, adapt);
  }
}

/** Keywords that hold no schema that is to be changed. */
const NO_SCHEMAS = new Set(['example', 'default', 'enum', 'anyNumber', 'anyObject']);

/** For what ajv has no type: numbers of any length, and objects as PHP writes them. */
function replaceType(schema: MemberSchema, keyword: 'anyNumber' | 'anyObject'): void {
  const { type, nullable = false } = schema;
  delete schema['type'];
  delete schema['nullable'];
  delete schema['additionalProperties']; // true, and of a type
  schema[keyword] = { type, nullable };
}

const isAnyNumber = (value: unknown): boolean =>
  typeof value === 'number' ? Number.isFinite(value) : value instanceof ExactNumber && !value.isTooLong;

/** An empty array is what PHP writes for an object without members. */
function isAnyObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) ? value.length === 0 : isPlainObject(value);
}

/** JSON.parse makes no other objects. */
const isPlainObject = (value: unknown): boolean => !(value instanceof ExactNumber);

const isFormatted = (schema: MemberSchema) => FORMATS.some((name) => name === schema['format']);

/** For every fault. */
function requireStorable(schema: MemberSchema): void {
  if (!isFormatted(schema)) schema['storable'] = true;
}

/**
 * For a yes or no, a thousand times in a request: ajv counts each character of a text, and takes a date-time apart
 * twice.
 */
function quicken(schema: MemberSchema): void {
  if (schema['format'] === 'date-time') {
    schema['format'] = QUICK_DATE_TIME;
    delete schema['pattern'];
  } else if (!isFormatted(schema)) {
    const { minLength: min = 0, maxLength: max } = schema;
    schema['text'] = { min, max };
    delete schema['minLength'];
    delete schema['maxLength'];
  }
}

const QUICK_DATE_TIME = 'date-time-quick';

interface Bounds {
  min: number;
  max?: number;
}

/** A character is one or two units of UTF-16, so most texts need no counting. */
function fits(text: string, { min, max = Infinity }: Bounds): boolean {
  const { length } = text;
  if (length < min || length > max || (min > 1 && length < 2 * min)) {
    const characters = length > 2 * max ? length : [...text].length;
    if (characters < min || characters > max) return false;
  }
  return textFault(text) === null;
}

/** The schemas are ours, so nothing is spent on checking them by another one. */
function makeAjv(allErrors: boolean): Ajv {
  const ajv = new Ajv({
    ...{ strict: true, allErrors, verbose: true, useDefaults: true },
    ...{ meta: false, validateSchema: false },
  });
  for (const name of FORMATS) ajv.addFormat(name, fullFormats[name]);
  ajv.addFormat(QUICK_DATE_TIME, isDateTime);
  ajv.addFormat('password', true); // only hides what is typed
  ajv.addVocabulary(ANNOTATIONS);
  ajv.addKeyword(ownKeyword('storable', 'string', () => (text: string) => textFault(text) === null));
  ajv.addKeyword(ownKeyword('text', 'string', (bounds: Bounds) => (text: string) => fits(text, bounds)));
  ajv.addKeyword(ownKeyword('plainObject', 'object', () => isPlainObject));
  for (const [keyword, check] of [['anyNumber', isAnyNumber] as const, ['anyObject', isAnyObject] as const]) {
    const orNull = (value: unknown) => value === null || check(value);
    ajv.addKeyword(
      ownKeyword(keyword, undefined, ({ nullable }: { nullable: boolean }) => (nullable ? orNull : check)),
    );
  }
  return ajv;
}

/**
 * A keyword of our own. As a `validate` it would be handed a new object with each value, and a path put together for
 * it.
 */
function ownKeyword<S, V>(
  keyword: string,
  type: 'string' | 'object' | undefined,
  make: (schema: S) => (value: V) => boolean,
): CodeKeywordDefinition {
  return {
    keyword,
    ...(type === undefined ? {} : { type }),
    code(context) {
      const check = context.gen.scopeValue('func', { ref: make(context.schema as S) });
      context.fail(_`!${check}(${context.data})`);
    },
  };
}

/** Says yes or no, and the first fault. */
const CHECKING = makeAjv(false);
/** Finds every fault. */
const EXPLAINING = makeAjv(true);

/** Whether a value has at most so many values in it; looks at no more of them. */
function hasAtMost(max: number, value: unknown): boolean {
  const waiting = [value];
  for (let seen = 0; waiting.length > 0; seen++) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    const parts = Object.values(next);
    if (seen + waiting.length + parts.length > max) return false;
    waiting.push(...(parts as unknown[]));
  }
  return true;
}
