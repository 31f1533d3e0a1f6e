import type { Parameters } from '../../platform/database/sql-parameters.js';

/** Every entry of a tenant is in one window of each level; windows of the next level are eight times as long. */
const SHORTEST_S = 2_048;
const CHILDREN = 8;
/**
 * This many windows of a level are read before those of the next, so that a window is at most a quarter as long as the
 * time read before it.
 */
const FEWEST_OF_LEVEL = 32;
/** Of two years. */
const TOP_LEVEL = 5;
/** The function audit_time_windows in the database numbers the windows of all levels together, in steps of this. */
const LEVELS = 8;
/** The number of all time. */
const ALL_TIME = 7;

/** The n-th of its level since 1970. */
export interface TimeWindow {
  level: number;
  n: number;
}

const lengthOf = (level: number): number => SHORTEST_S * CHILDREN ** level;

/** In seconds since 1970. */
export const startOf = ({ level, n }: TimeWindow): number => n * lengthOf(level);

/** In seconds since 1970; no longer part of it. */
export const endOf = ({ level, n }: TimeWindow): number => (n + 1) * lengthOf(level);

/**
 * The windows from an instant back to another, newest first. The first ones are of a level on which they are at least
 * `spanS` long; after 32 of them, where a longer window ends, come those of the next level. So a long time is some
 * dozens of windows, and none holds much more than those before it.
 */
export function* windowsBefore(atS: number, fromS: number, spanS: number): Generator<TimeWindow> {
  let level = 0;
  while (level < TOP_LEVEL && lengthOf(level) < spanS) level += 1;
  let n = Math.floor(atS / lengthOf(level));
  for (let count = 1; ; count += 1) {
    yield { level, n };
    if (startOf({ level, n }) <= fromS) return;
    if (level < TOP_LEVEL && count >= FEWEST_OF_LEVEL && n % CHILDREN === 0) {
      level += 1;
      n = n / CHILDREN - 1;
      count = 0;
    } else {
      n -= 1;
    }
  }
}

/** The parts of a window, newest first; null for the shortest. */
export function partsOf({ level, n }: TimeWindow): TimeWindow[] | null {
  if (level === 0) return null;
  return Array.from({ length: CHILDREN }, (_, k) => ({ level: level - 1, n: (n + 1) * CHILDREN - 1 - k }));
}

/** Condition for all entries of a tenant; only the search index can serve it. */
export function ofTenant(tenantId: string, parameters: Parameters): string {
  return hasKey(tenantId, parameters.add(ALL_TIME), parameters);
}

/** The same for one of several windows; the first has the place 1. */
export function inWindow(
  tenantId: string,
  windows: readonly TimeWindow[],
  place: string,
  parameters: Parameters,
): string {
  const numbers = windows.map(({ level, n }) => n * LEVELS + level);
  return hasKey(tenantId, `(${parameters.add(numbers)}::bigint[])[${place}]`, parameters);
}

function hasKey(tenantId: string, number: string, parameters: Parameters): string {
  const key = `uuid_hash_extended(${parameters.add(tenantId)}::uuid, ${number}::bigint)`;
  return `audit_time_windows(tenant_id, occurred_at) @> array[${key}]`;
}
