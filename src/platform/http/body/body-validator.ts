import type { Type } from '@nestjs/common';
import { generateSchema } from '@nestjs/swagger';
import { Ajv, type ValidateFunction } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { FieldFault } from '../field-fault.js';
import { badRequest, type FieldError, Problem } from '../problem.js';
import { type BodyFault, readFaults } from './body-faults.js';
import { checkedOneByOne, type MemberSchema, unknownMember } from './fields.js';
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
    this.validate ??= CHECKING.compile<T>(serverSchema(this.dto));
    return this.validate(value);
  }

  /** Everything that is wrong with `value`; empty when nothing is. */
  faultsOf(value: unknown): BodyFault[] {
    if (this.accepts(value)) return [];
    const first = this.validate?.errors ?? [];
    if (!hasAtMost(MAX_EXPLAINED, value)) return readFaults(first, value, unknownMember(this.dto));
    this.explain ??= EXPLAINING.compile<T>(serverSchema(this.dto));
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

/** 400, or another status, for a request with many parts of which none is valid; the answer has the result of each too. */
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
 * The documented schema, without the items that are checked one by one, and with the rule that holds for every text of the
 * API, which the document says once for all: PostgreSQL can store it.
 */
function serverSchema(dto: Type<object>): MemberSchema {
  const { schemas } = structuredClone(generateSchema(dto)) as unknown as { schemas: Record<string, MemberSchema> };
  const own = schemas[dto.name] as { properties: Record<string, MemberSchema> };
  for (const name of checkedOneByOne(dto)) {
    const { items: _items, maxItems: _maxItems, ...member } = own.properties[name]!; // decorated, so documented
    own.properties[name] = member;
  }
  for (const schema of Object.values(schemas)) requireStorable(schema);
  return { $ref: `#/components/schemas/${dto.name}`, components: { schemas } };
}

function requireStorable(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const own = schema as MemberSchema;
  const isRestricted = own['enum'] !== undefined || FORMATS.some((name) => name === own['format']);
  if (own['type'] === 'string' && !isRestricted) own['storable'] = true;
  for (const [keyword, part] of Object.entries(own)) {
    if (keyword !== 'example' && keyword !== 'default' && keyword !== 'enum') requireStorable(part);
  }
}

/** The schemas are ours, so nothing is spent on checking them by another one; they are not kept by `$id` either. */
function makeAjv(allErrors: boolean): Ajv {
  const ajv = new Ajv({
    ...{ strict: true, allErrors, verbose: allErrors, useDefaults: true },
    ...{ meta: false, validateSchema: false },
  });
  for (const name of FORMATS) ajv.addFormat(name, fullFormats[name]);
  ajv.addFormat('password', true); // only hides what is typed
  ajv.addVocabulary(ANNOTATIONS);
  ajv.addKeyword({
    keyword: 'storable',
    type: 'string',
    schemaType: 'boolean',
    errors: false,
    validate: (_rule: boolean, value: string) => textFault(value) === null,
  });
  return ajv;
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
