import type { ApiError } from '../api/client.js';

/** The operators of the API, in words. */
export const OPERATORS = {
  is: 'is',
  is_not: 'is not',
  in: 'is one of',
  not_in: 'is none of',
  contains: 'contains',
  not_contains: 'does not contain',
  starts_with: 'starts with',
  matches: 'matches',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  between: 'is between',
  is_set: 'is set',
  is_not_set: 'is not set',
} as const;
export type Operator = keyof typeof OPERATORS;

/** A number with more digits than JavaScript keeps is an object here that JSON.stringify writes as it came. */
export type Scalar = string | number | boolean | null;
// Types and not interfaces: what the API takes is an object with any members.
export type Condition = { property: string; op: Operator; value?: Scalar | Scalar[] };
export type Group = { and: Filter[] } | { or: Filter[] };
export type Filter = Condition | Group;

/** What a question says of the events it is about. */
export interface Narrowing {
  filter: Filter | undefined;
  /** Name or id of a saved segment. */
  segment: string | undefined;
}

export const isOperator = (text: string): text is Operator => Object.hasOwn(OPERATORS, text);

/** What a group holds; undefined of a condition. */
export function membersOf(filter: Filter): { glue: 'and' | 'or'; members: Filter[] } | undefined {
  const { and, or } = filter as { and?: unknown; or?: unknown };
  if (Array.isArray(and)) return { glue: 'and', members: and as Filter[] };
  return Array.isArray(or) ? { glue: 'or', members: or as Filter[] } : undefined;
}

/** Whether a value that came from elsewhere has the shape of a filter. */
export function isFilter(value: unknown): value is Filter {
  if (typeof value !== 'object' || value === null) return false;
  const { and, or, property, op } = value as Record<string, unknown>;
  const members = and ?? or;
  if (members !== undefined) return Array.isArray(members) && members.every(isFilter);
  return typeof property === 'string' && typeof op === 'string' && isOperator(op);
}

/** What all must be true, one by one: each is a chip. */
export function partsOf(filter: Filter | undefined): Filter[] {
  if (filter === undefined) return [];
  const group = membersOf(filter);
  return group?.glue === 'and' ? group.members.flatMap(partsOf) : [filter];
}

export function allOf(...parts: (Filter | undefined)[]): Filter | undefined {
  const given = parts.flatMap(partsOf);
  return given.length > 1 ? { and: given } : given[0];
}

/** Its conditions, and the place of each in the API's words. */
export function placesIn(filter: Filter | undefined, path: string): [Condition, string][] {
  if (filter === undefined) return [];
  const group = membersOf(filter);
  if (group === undefined) return [[filter as Condition, path]];
  return group.members.flatMap((member, n) => placesIn(member, `${path}.${group.glue}[${n}]`));
}

export const conditionsOf = (filter: Filter | undefined): Condition[] =>
  placesIn(filter, '').map(([condition]) => condition);

export type Faults = ReadonlyMap<Condition, string>;

/** What the API says against each condition of the filters that were sent under these paths. */
export function faultsIn(error: ApiError | null, sent: readonly (readonly [string, Filter | undefined])[]): Faults {
  const faults = new Map<Condition, string>();
  if (error === null) return faults;
  for (const [condition, place] of sent.flatMap(([path, filter]) => placesIn(filter, path))) {
    const said = error.errors.filter(({ path }) => path === place || path.startsWith(`${place}.`));
    if (said.length === 0) continue;
    faults.set(
      condition,
      said.map(({ path, message }) => `${path.slice(place.length + 1)} ${message}`.trim()).join('. '),
    );
  }
  return faults;
}
