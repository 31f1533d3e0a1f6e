import { ASKABLE_YEARS, DATE_TIME_EXAMPLE, DAY_MS, isAskable, parseDateTime } from './time.js';
import { offsetAt } from './time-zone.js';

/** Groups: date, time of day to the second, seconds, fraction. */
const LOCAL = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(\.\d{1,9})?)?)?$/;

/**
 * A time that somebody asks for, in milliseconds since 1970 with microseconds as the fraction: a date-time with its
 * offset, or a date or a time without one, which is read in `zone`. A time that the clocks of the zone show twice means
 * the first; one that they skip means as long after the change as it is after the skipped hour began.
 * @returns null for what is neither
 */
export function parseAskedTime(text: string, zone: string): number | null {
  const match = LOCAL.exec(text);
  if (match === null) return parseDateTime(text);
  const [, date, time = '00:00', seconds = '00', fraction = ''] = match;
  const local = parseDateTime(`${date}T${time}:${seconds}${fraction}Z`);
  return local === null ? null : toInstant(local, zone);
}

/** @param local written as if it were UTC */
function toInstant(local: number, zone: string): number {
  if (zone === 'UTC') return local;
  const offsets = [offsetAt(zone, local - DAY_MS), offsetAt(zone, local + DAY_MS)];
  const shown = offsets.map((offset) => local - offset).filter((at, n) => offsetAt(zone, at) === offsets[n]);
  return shown.length === 0 ? local - offsets[0]! : Math.min(...shown);
}

/** Why `value` is not a time that can be asked for, as the end of a sentence; null when it is. */
export function askedTimeFault(value: unknown): string | null {
  const ms = typeof value === 'string' ? parseAskedTime(value, 'UTC') : null;
  if (ms !== null) return isAskable(ms) ? null : ASKABLE_YEARS;
  // In an address, a plus stands for a space.
  const plus = typeof value === 'string' && parseDateTime(value.replace(/ (?=\d\d:\d\d$)/, '+')) !== null;
  const hint = plus ? '; in an address the + of the offset is written %2B' : '';
  return `must be a date like 2026-11-20, or an RFC 3339 date-time like ${DATE_TIME_EXAMPLE}${hint}`;
}
