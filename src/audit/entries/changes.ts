import { ExactNumber } from '../../platform/json/exact-number.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';

/** One value that differs; `before` or `after` is absent where there was or is no value. */
export interface Change {
  /** JSON Pointer (RFC 6901); empty for the whole state. */
  path: string;
  before?: JsonValue;
  after?: JsonValue;
}

/** Longest list of changes; states are small enough that real ones stay far below. */
const MAX_CHANGES = 500;

/** What differs between two states, in the order of their paths; a missing state counts as an empty object. */
export function listChanges(before: JsonValue, after: JsonValue): Change[] {
  if (before === null && after === null) return [];
  const changes: Change[] = [];
  compare(before ?? emptyLike(after), after ?? emptyLike(before), '', changes);
  return changes;
}

const emptyLike = (value: JsonValue): JsonValue => (Array.isArray(value) ? [] : {});

function compare(before: JsonValue | undefined, after: JsonValue | undefined, path: string, changes: Change[]): void {
  if (changes.length >= MAX_CHANGES || before === after || isSameNumber(before, after)) return;
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of keysOf(before, after)) {
      compare(ownValue(before, key), ownValue(after, key), `${path}/${escapeKey(key)}`, changes);
    }
    return;
  }
  changes.push({
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

type Container = JsonValue[] | { [key: string]: JsonValue };

function isContainer(value: JsonValue | undefined): value is Container {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}

const isSameNumber = (before: JsonValue | undefined, after: JsonValue | undefined) =>
  before instanceof ExactNumber && after instanceof ExactNumber && before.digits === after.digits;

/** Sorted, because jsonb does not keep the order in which a state was sent; the elements of a list keep theirs. */
function keysOf(before: Container, after: Container): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Array.isArray(before) ? keys : keys.sort();
}

/** Own properties only: a state may have a key like `constructor`. */
function ownValue(container: Container, key: string): JsonValue | undefined {
  return Object.hasOwn(container, key) ? (container as Record<string, JsonValue>)[key] : undefined;
}

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');
