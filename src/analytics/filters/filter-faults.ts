import { invalidBody } from '../../platform/http/body/body-validator.js';
import { textFault } from '../../platform/http/body/payload-check.js';
import type { FieldError } from '../../platform/http/problem.js';
import { ExactNumber, isJsonObject, TOO_LONG } from '../../platform/json/exact-number.js';
import { askedTimeFault } from '../../platform/time/asked-time.js';
import { MAX_CONDITION_TEXT, parseProperty, propertyFault } from '../properties/event-property.js';
import { conditionsOf, type Filter, type Operator, OPERATORS } from './filter.js';
import { patternFault } from './pattern.js';

/** Groups inside of each other. */
export const MAX_FILTER_DEPTH = 4;
export const MAX_FILTER_CONDITIONS = 50;
/** Of one question, with all its steps and segments. */
const MAX_CONDITIONS = 100;
/** Values of one `in`. */
export const MAX_FILTER_VALUES = 100;
/** PostgreSQL keeps some 30 compiled patterns; with more of them in one question, it compiles them for each event. */
export const MAX_PATTERNS = 20;

const EXAMPLE = '{"property":"payload.plan","op":"is","value":"pro"}';

/** Everything that is wrong with a filter; empty when nothing is. It is looked into no deeper than it may be. */
export function filterFaults(filter: unknown, path: string): FieldError[] {
  const check = new FilterCheck();
  check.visit(filter, path, 0);
  return check.faults.length > 0 ? check.faults : tooMany([filter as Filter], path);
}

/** @throws Problem 400 that names everything that is wrong */
export function requireFilter(filter: unknown, path: string): Filter | undefined {
  if (filter === undefined) return undefined;
  const faults = filterFaults(filter, path);
  if (faults.length > 0) throw invalidBody(faults);
  return filter as Filter;
}

/** @throws Problem 400 when the filters of one question are too much together */
export function requireFewConditions(filters: readonly (Filter | undefined)[], path: string): void {
  const faults = tooMany(filters, path);
  if (faults.length > 0) throw invalidBody(faults);
}

function tooMany(filters: readonly (Filter | undefined)[], path: string): FieldError[] {
  const conditions = filters.flatMap(conditionsOf);
  if (conditions.length > MAX_CONDITIONS) {
    return [{ path, message: `has ${conditions.length} conditions; at most ${MAX_CONDITIONS} are possible` }];
  }
  const patterns = conditions.filter(({ op }) => op === 'matches').length;
  if (patterns <= MAX_PATTERNS) return [];
  return [{ path, message: `has ${patterns} conditions with matches; at most ${MAX_PATTERNS} are possible` }];
}

class FilterCheck {
  readonly faults: FieldError[] = [];
  private conditions = 0;

  visit(filter: unknown, path: string, depth: number): void {
    if (!isJsonObject(filter)) {
      return this.add(path, `must be a condition like ${EXAMPLE}, or {"and":[…]} or {"or":[…]} of several`);
    }
    const groups = ['and', 'or'].filter((name) => name in filter);
    if (groups.length === 0) return this.visitCondition(filter, path);
    const [name = 'and'] = groups;
    for (const other of Object.keys(filter)) {
      if (other !== name) this.add(join(path, other), `cannot be combined with ${name}`);
    }
    this.visitGroup(filter[name], `${path}.${name}`, depth + 1);
  }

  private visitGroup(parts: unknown, path: string, depth: number): void {
    if (!Array.isArray(parts) || parts.length === 0)
      return this.add(path, 'must be an array of at least one condition');
    if (depth > MAX_FILTER_DEPTH) return this.add(path, `is nested deeper than ${MAX_FILTER_DEPTH} groups`);
    for (const [n, part] of parts.entries()) {
      if (this.conditions > MAX_FILTER_CONDITIONS) return;
      this.visit(part, `${path}[${n}]`, depth);
    }
  }

  private visitCondition(condition: Record<string, unknown>, path: string): void {
    this.conditions += 1;
    if (this.conditions > MAX_FILTER_CONDITIONS) {
      return this.add(path, `is one condition too many; at most ${MAX_FILTER_CONDITIONS} are possible`);
    }
    const { property, op, value } = condition;
    for (const name of Object.keys(condition)) {
      if (!['property', 'op', 'value'].includes(name)) {
        this.add(join(path, name), 'is not a known field; a condition has property, op and value');
      }
    }
    const nameFault = typeof property === 'string' ? propertyFault(property) : 'must be the name of a property';
    if (nameFault !== null) this.add(`${path}.property`, nameFault);
    const known = OPERATORS.find((operator) => operator === op);
    if (known === undefined) return this.add(`${path}.op`, `must be one of ${OPERATORS.join(', ')}`);
    if (nameFault !== null) return;
    const fault = valueFault(known, value, parseProperty(property as string).kind);
    if (fault !== null) this.add(`${path}.value`, fault);
  }

  private add(path: string, message: string): void {
    this.faults.push({ path, message });
  }
}

const join = (path: string, name: string) => `${path}.${name.slice(0, 100).toWellFormed()}`;

type Kind = ReturnType<typeof parseProperty>['kind'];

/** Why a value cannot be compared so, as the end of a sentence; null when it can. */
function valueFault(op: Operator, value: unknown, kind: Kind): string | null {
  switch (op) {
    case 'is_set':
    case 'is_not_set':
      return value === undefined ? null : `must be left out with ${op}`;
    case 'is':
    case 'is_not':
      return scalarFault(value, kind);
    case 'in':
    case 'not_in':
      if (!Array.isArray(value) || value.length === 0 || value.length > MAX_FILTER_VALUES) {
        return `must be an array of 1 to ${MAX_FILTER_VALUES} values with ${op}`;
      }
      return firstFault(value, (one) => scalarFault(one, kind));
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return comparableFault(value, kind);
    case 'between':
      if (!Array.isArray(value) || value.length !== 2) return 'must be an array of the lowest and the highest value';
      return firstFault(value, (one) => comparableFault(one, kind)) ?? orderFault(value);
    case 'contains':
    case 'not_contains':
    case 'starts_with':
    case 'matches':
      if (kind === 'time') return `cannot be given: a time is not a text, so ${op} does not apply`;
      if (typeof value !== 'string' || value === '') return `must be a text with ${op}`;
      return textValueFault(value) ?? (op === 'matches' ? patternFault(value) : null);
  }
}

function firstFault(values: readonly unknown[], faultOf: (value: unknown) => string | null): string | null {
  for (const value of values) {
    const fault = faultOf(value);
    if (fault !== null) return `has a value that ${fault}`;
  }
  return null;
}

function scalarFault(value: unknown, kind: Kind): string | null {
  if (kind === 'time') return askedTimeFault(value);
  if (typeof value === 'string') return textValueFault(value);
  if (kind === 'field') return value === null ? null : 'must be a text or null, as this field of an event is';
  if (value === undefined) return 'is missing';
  if (value === null || typeof value === 'boolean') return null;
  return isNumber(value) ? numberFault(value) : 'must be a text, a number, true, false or null';
}

function comparableFault(value: unknown, kind: Kind): string | null {
  if (kind === 'time') return askedTimeFault(value);
  if (typeof value === 'string') return textValueFault(value);
  if (kind === 'field') return 'must be a text, as this field of an event is';
  return isNumber(value) ? numberFault(value) : 'must be a number or a text';
}

function orderFault([low, high]: readonly unknown[]): string | null {
  if (typeof low !== typeof high && (typeof low === 'string' || typeof high === 'string')) {
    return 'must be two numbers or two texts';
  }
  const isTurned =
    typeof low === 'string'
      ? Buffer.compare(Buffer.from(low), Buffer.from(String(high))) > 0
      : Number(String(low)) > Number(String(high));
  return isTurned ? 'must have the lowest value first' : null;
}

const isNumber = (value: unknown): value is number | ExactNumber =>
  typeof value === 'number' || value instanceof ExactNumber;

function numberFault(value: number | ExactNumber): string | null {
  if (value instanceof ExactNumber) return value.isTooLong ? TOO_LONG : null;
  return Number.isFinite(value) ? null : 'is not a finite number';
}

const textValueFault = (text: string): string | null =>
  text.length > MAX_CONDITION_TEXT ? `must be at most ${MAX_CONDITION_TEXT} characters long` : textFault(text);
