import type { Scalar } from '../properties/event-property.js';

/** What a condition may ask of a property. Those that begin with `not_` or `is_not` are the others, turned around. */
export const OPERATORS = [
  ...(['is', 'is_not', 'in', 'not_in', 'contains', 'not_contains', 'starts_with', 'matches'] as const),
  ...(['gt', 'gte', 'lt', 'lte', 'between', 'is_set', 'is_not_set'] as const),
] as const;
export type Operator = (typeof OPERATORS)[number];

/** What is true of an event exactly where the other is not, also where it lacks the property. */
export const NEGATIONS: Partial<Record<Operator, Operator>> = {
  is_not: 'is',
  not_in: 'in',
  not_contains: 'contains',
  is_not_set: 'is_set',
};

/** What one property must be. */
export interface FilterCondition {
  property: string;
  op: Operator;
  value?: Scalar | readonly Scalar[];
}

/** A question about one event, which is true or false of it. */
export type Filter = FilterCondition | { and: readonly Filter[] } | { or: readonly Filter[] };

/** What a condition compares with, as a list. */
export function valuesOf(value: FilterCondition['value']): readonly Scalar[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar];
}

/** Both, or the one there is. */
export function bothOf(...filters: readonly (Filter | undefined)[]): Filter | undefined {
  const given = filters.filter((filter) => filter !== undefined);
  return given.length > 1 ? { and: given } : given[0];
}

/** The filter that says the same as names of properties and the value that each must have. */
export function filterOfWhere(where: Readonly<Record<string, Scalar>> = {}): Filter | undefined {
  const conditions = Object.entries(where).map(([property, value]) => ({ property, op: 'is' as const, value }));
  return bothOf(...conditions);
}

/** What the other parameters of a question say: fields and the value that each must have, where one is given. */
export const equal = (fields: Readonly<Record<string, string | undefined>>): Filter[] =>
  Object.entries(fields).flatMap(([property, value]) => (value === undefined ? [] : [{ property, op: 'is', value }]));

/** Its conditions, at whatever depth. */
export function conditionsOf(filter: Filter | undefined): FilterCondition[] {
  if (filter === undefined) return [];
  if ('and' in filter) return filter.and.flatMap(conditionsOf);
  return 'or' in filter ? filter.or.flatMap(conditionsOf) : [filter];
}

/** The names of the properties it asks about. */
export const propertiesOf = (filter: Filter | undefined): string[] => [
  ...new Set(conditionsOf(filter).map(({ property }) => property)),
];

/** The types of which an event must be one; null where it may be of any. By them events are found in an index. */
export function requiredTypes(filter: Filter | undefined): string[] | null {
  if (filter === undefined) return null;
  if ('and' in filter) return filter.and.map(requiredTypes).reduce(narrower, null);
  if ('or' in filter) {
    const all = filter.or.map(requiredTypes);
    return all.every((types) => types !== null) ? [...new Set(all.flat())] : null;
  }
  const { property, op, value } = filter;
  if (property !== 'event_type' || (op !== 'is' && op !== 'in')) return null;
  return (op === 'is' ? [value] : (value as readonly Scalar[])).filter((one) => typeof one === 'string');
}

function narrower(a: string[] | null, b: string[] | null): string[] | null {
  if (a === null || b === null) return a ?? b;
  return a.filter((type) => b.includes(type));
}
