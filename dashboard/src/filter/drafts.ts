import { parseJson } from '../api/json.js';
import { type Condition, type Filter, membersOf, type Operator, type Scalar } from './filter.js';
import { FIELDS, TIMES } from './words.js';

/** A condition as it is typed in. */
export interface Draft {
  property: string;
  op: Operator;
  values: DraftValue[];
}

export interface DraftValue {
  kind: Kind;
  text: string;
}

/** What JSON has, in words. */
export const KINDS = { text: 'text', number: 'number', boolean: 'yes or no', none: 'none' } as const;
export type Kind = keyof typeof KINDS;

export const NUMBER = String.raw`-?(0|[1-9]\d*)(\.\d+)?([eE][+\-]?\d+)?`;
export const EMPTY_VALUE: DraftValue = { kind: 'text', text: '' };
export const EMPTY_DRAFT: Draft = { property: '', op: 'is', values: [EMPTY_VALUE] };

const TEXT_ONLY: readonly Operator[] = ['contains', 'not_contains', 'starts_with', 'matches'];
const ORDERED: readonly Operator[] = ['gt', 'gte', 'lt', 'lte', 'between'];

export const isList = (op: Operator): boolean => op === 'in' || op === 'not_in';

/** How many values an operator takes; for a list, at least so many. */
export const valuesOf = (op: Operator): number =>
  op === 'is_set' || op === 'is_not_set' ? 0 : op === 'between' ? 2 : 1;

/** What may be compared so. */
export function kindsOf({ property, op }: Draft): Kind[] {
  if (TEXT_ONLY.includes(op) || TIMES.includes(property)) return ['text'];
  if (ORDERED.includes(op)) return property in FIELDS ? ['text'] : ['number', 'text'];
  return property in FIELDS ? ['text', 'none'] : ['text', 'number', 'boolean', 'none'];
}

/** The draft with as many values as its operator takes, each of a kind that can be compared so. */
export function fitted(draft: Draft, seen?: Kind): Draft {
  const kinds = kindsOf(draft);
  const count = isList(draft.op) ? Math.max(1, draft.values.length) : valuesOf(draft.op);
  const wanted = seen !== undefined && kinds.includes(seen) ? seen : kinds[0]!;
  const values = Array.from({ length: count }, (_, n) => {
    const value = draft.values[n] ?? { kind: wanted, text: '' };
    const isFresh = value.text === '' && value.kind !== 'none';
    return isFresh || !kinds.includes(value.kind) ? { ...value, kind: wanted } : value;
  });
  return { ...draft, values };
}

/** Alternatives, each of conditions that must all be true; null where a filter is deeper than that. */
export function toDrafts(filter: Filter): Draft[][] | null {
  const group = membersOf(filter);
  if (group === undefined) return [[toDraft(filter as Condition)]];
  const alternatives = (group.glue === 'or' ? group.members : [filter]).map(toAll);
  return alternatives.every((all) => all !== null) ? alternatives : null;
}

function toAll(filter: Filter): Draft[] | null {
  const group = membersOf(filter);
  if (group === undefined) return [toDraft(filter as Condition)];
  const isFlat = group.glue === 'and' && group.members.every((member) => membersOf(member) === undefined);
  return isFlat ? group.members.map((member) => toDraft(member as Condition)) : null;
}

function toDraft({ property, op, value }: Condition): Draft {
  const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return { property, op, values: values.map(toDraftValue) };
}

function toDraftValue(value: Scalar): DraftValue {
  if (typeof value === 'string') return { kind: 'text', text: value };
  if (value === null) return { kind: 'none', text: '' };
  return { kind: typeof value === 'boolean' ? 'boolean' : 'number', text: JSON.stringify(value) };
}

/** @param alternatives of which none is empty */
export function toFilter(alternatives: readonly (readonly Draft[])[]): Filter {
  const members = alternatives.map((all): Filter => {
    const conditions = all.map(toCondition);
    return conditions.length === 1 ? conditions[0]! : { and: conditions };
  });
  return members.length === 1 ? members[0]! : { or: members };
}

function toCondition({ property, op, values }: Draft): Condition {
  const given = values.map(toScalar);
  if (valuesOf(op) === 0) return { property: property.trim(), op };
  return { property: property.trim(), op, value: isList(op) || op === 'between' ? given : given[0]! };
}

function toScalar({ kind, text }: DraftValue): Scalar {
  if (kind === 'none') return null;
  if (kind === 'text') return text;
  return kind === 'boolean' ? text === 'true' : (parseJson(text.trim()) as Scalar);
}
