import { isScalar } from '../api/json.js';
import { useGet } from '../api/query.js';
import { asQuery, period } from '../app/range.js';
import type { Kind } from './drafts.js';
import type { Scalar } from './filter.js';
import { FIELDS } from './words.js';

/** Properties of the newest events, each with some of its values. */
export type Seen = ReadonlyMap<string, readonly Scalar[]>;

const EVENTS = 50;
const MOST_VALUES = 20;
const MOST_NAMES = 200;

/** @param narrowed parameters that say of which events */
export function useSeen(narrowed: Record<string, string | undefined> = {}): Seen {
  const { data } = useGet('/events', { ...narrowed, ...asQuery(period.value), limit: EVENTS }, { every: false });
  const counts = new Map<string, { times: number; values: Map<string, Scalar> }>();
  const see = (name: string, value: unknown) => {
    if (!isScalar(value)) return;
    const { times, values } = counts.get(name) ?? { times: 0, values: new Map<string, Scalar>() };
    if (values.size < MOST_VALUES) values.set(JSON.stringify(value), value);
    counts.set(name, { times: times + 1, values });
  };
  for (const event of data?.data ?? []) {
    const { event_type, client_id, user_id, session_id } = event;
    for (const [name, value] of Object.entries({ event_type, client_id, user_id, session_id })) see(name, value);
    for (const root of ['payload', 'enrichment'] as const)
      walk(event[root], [], (name, value) => see(`${root}.${name}`, value));
  }
  // What was sent comes before what is known of it besides.
  const isAdded = (name: string) => Number(name.startsWith('enrichment.'));
  const sorted = [...counts].sort(
    ([a, m], [b, n]) => isAdded(a) - isAdded(b) || n.times - m.times || a.localeCompare(b),
  );
  return new Map(sorted.slice(0, MOST_NAMES).map(([name, { values }]) => [name, [...values.values()]]));
}

/** Into objects, not into arrays; a dot that belongs to a nested key is written as the API reads it. */
function walk(value: object, above: readonly string[], see: (name: string, value: unknown) => void): void {
  for (const [key, inner] of Object.entries(value)) {
    const path = [...above, key];
    if (isScalar(inner))
      see(path.length === 1 ? key : path.map((part) => part.replace(/[.\\]/g, '\\$&')).join('.'), inner);
    else if (!Array.isArray(inner) && path.length < 4) walk(inner as object, path, see);
  }
}

/** The fields of an event, and the properties that were seen. */
export const namesOf = (seen: Seen): string[] => [...new Set([...Object.keys(FIELDS), ...seen.keys()])];

export function kindOf(values: readonly Scalar[] | undefined): Kind | undefined {
  const value = values?.find((one) => one !== null);
  if (value === undefined) return undefined;
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : 'number';
}
