import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FieldError } from '../../platform/http/problem.js';
import { linearRegExp } from './linear-pattern.js';
import { readSchemaDocument, type Schema } from './schema-document.js';
import { SchemaFault } from './schema-fault.js';
import { evaluationsOf } from './schema-cost.js';
import { formats } from './schema-formats.js';
import { runWithin, TookTooLong } from './watchdog.js';

const COMPILE_MS = 2_000;
const VALIDATE_MS = 100;
/**
 * Subschemas per value × characters of payload up to which a check is certainly short and runs without the watchdog.
 */
const UNWATCHED_WORK = 30_000;
/** Up to this size all faults are reported; beyond, only the first. */
const MAX_TEXT_FOR_ALL_FAULTS = 8_192;
const MAX_FAULTS = 20;
const MAX_MESSAGE = 200;

const OPTIONS = {
  meta: false,
  validateSchema: false,
  strict: false,
  inlineRefs: false, // inlining a subschema that is used often would multiply the code
  ownProperties: true, // else a payload seems to have members that every object inherits, like toString
  messages: true,
  code: { optimize: false, regExp: linearRegExp }, // optimizing takes longer than all checks it speeds up
} as const;

/** Checks that a schema is valid: types of keywords, like `minimum` being a number. */
const metaSchema = new Ajv2020({ strict: false, validateFormats: false });

/** A compiled JSON Schema of one event type. */
export class EventSchema {
  private readonly validate: ValidateFunction;
  private explaining: ValidateFunction | undefined;

  private constructor(
    private readonly schema: Schema,
    private readonly evaluations: number,
  ) {
    this.validate = compile(schema, false);
  }

  /** @throws SchemaFault when it is not a schema, or one that could block the service */
  static compile(given: unknown): EventSchema {
    const document = readSchemaDocument(given);
    if (metaSchema.validateSchema(document.schema) !== true) {
      const { path, message } = toFault(metaSchema.errors?.[0], 'schema');
      throw new SchemaFault(path, message);
    }
    const evaluations = evaluationsOf(document);
    try {
      return runWithin(COMPILE_MS, () => new EventSchema(document.schema, evaluations));
    } catch (error) {
      if (error instanceof TookTooLong) throw new SchemaFault('schema', 'takes too long to compile; make it smaller');
      throw new SchemaFault('schema', `cannot be compiled: ${(error as Error).message.slice(0, MAX_MESSAGE)}`);
    }
  }

  /**
   * What is wrong with a payload, with paths like `payload.items.0.price`; empty when nothing is.
   * @param text JSON of an object
   */
  faultsOf(text: string): FieldError[] {
    const work = () => this.check(JSON.parse(text), text.length);
    try {
      return this.evaluations * text.length <= UNWATCHED_WORK ? work() : runWithin(VALIDATE_MS, work);
    } catch (error) {
      if (!(error instanceof TookTooLong)) throw error;
      return [
        { path: 'payload', message: `takes longer than ${VALIDATE_MS} ms to check against the schema of its type` },
      ];
    }
  }

  private check(payload: unknown, length: number): FieldError[] {
    if (this.validate(payload)) return [];
    let errors = this.validate.errors ?? [];
    if (length <= MAX_TEXT_FOR_ALL_FAULTS) {
      this.explaining ??= compile(this.schema, true);
      this.explaining(payload);
      errors = this.explaining.errors ?? errors;
    }
    const faults = new Map<string, FieldError>();
    for (const error of errors) {
      const fault = toFault(error, 'payload');
      if (faults.size < MAX_FAULTS && !faults.has(fault.path)) faults.set(fault.path, fault);
    }
    return [...faults.values()];
  }
}

function compile(schema: Schema, allErrors: boolean): ValidateFunction {
  const ajv = new Ajv2020({ ...OPTIONS, allErrors });
  for (const [name, check] of Object.entries(formats)) ajv.addFormat(name, check);
  ajv.removeKeyword('uniqueItems'); // ajv compares each pair
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (unique: boolean, items: unknown[]) => !unique || areUnique(items),
    error: { message: 'must not contain the same item twice' },
  });
  return ajv.compile(schema);
}

function areUnique(items: unknown[]): boolean {
  const seen = new Set<string>();
  return items.every((item) => seen.size < seen.add(canonical(item)).size);
}

/** One text per JSON value, whatever the order of its keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
}

/** Where ajv puts the name of a member that is missing or not allowed. */
const MEMBER: Record<string, string> = {
  required: 'missingProperty',
  dependentRequired: 'missingProperty',
  additionalProperties: 'additionalProperty',
  unevaluatedProperties: 'unevaluatedProperty',
};

function toFault(error: ErrorObject | undefined, root: string): FieldError {
  if (error === undefined) return { path: root, message: 'is not valid' };
  const params = error.params as Record<string, unknown>;
  const member = params[MEMBER[error.keyword] ?? ''];
  const parts = error.instancePath.split('/').slice(1).map(unescapePointer);
  if (typeof member === 'string') parts.push(member);
  const path = [root, ...parts.map((part) => part.slice(0, 100))].join('.');
  return { path, message: messageOf(error, params).slice(0, MAX_MESSAGE).toWellFormed() };
}

function messageOf({ keyword, message }: ErrorObject, params: Record<string, unknown>): string {
  if (keyword === 'required') return 'is missing';
  if (keyword === 'dependentRequired') return `is missing: it must come with ${String(params['property'])}`;
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return 'is not a member the schema knows';
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params['allowedValues'])}`;
  if (keyword === 'const') return `must be ${JSON.stringify(params['allowedValue'])}`;
  return message ?? 'is not valid';
}

const unescapePointer = (part: string) => part.replaceAll('~1', '/').replaceAll('~0', '~');
