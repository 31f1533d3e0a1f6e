/**
 * RFC 3339 date-times.
 * Groups: year month day hour minute second offset.
 */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Milliseconds since 1970 of an RFC 3339 date-time, or null when it is not one. Digits beyond milliseconds are cut. 30
 * February is not a date and 24:00 is not a time, though `Date.parse` accepts both.
 */
export function parseDateTime(text: string): number | null {
  if (text !== last.text) last = { text, ms: parseAnew(text) };
  return last.ms;
}

/** A body's time is read twice in a row: to check it, and to use it. */
let last: { text: string; ms: number | null } = { text: '', ms: null };

function parseAnew(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (match === null || match[4] === '24') return null;
  const ms = Date.parse(/[tz]/.test(text) ? text.toUpperCase() : text);
  if (Number.isNaN(ms)) return null;
  const day = Number(match[3]);
  return day > 28 && day > daysInMonth(Number(match[1]), Number(match[2])) ? null : ms;
}

/**
 * The years that can be asked for and set. Nothing is recorded outside; 1900 is what people write when they mean
 * everything. JavaScript and PostgreSQL write years before 1 and after 9999 differently.
 */
const ASKABLE = { from: Date.UTC(1900, 0, 1), to: Date.UTC(3000, 0, 1) };

/** End of the sentence about a time outside this range. */
export const ASKABLE_YEARS = 'must be in the years 1900 to 2999';

export const isAskable = (ms: number): boolean => ms >= ASKABLE.from && ms < ASKABLE.to;

/** Why `value` is not a date-time that can be asked for, as the end of a sentence; null when it is. */
export function dateTimeFault(value: unknown): string | null {
  const ms = typeof value === 'string' ? parseDateTime(value) : null;
  if (ms !== null) return isAskable(ms) ? null : ASKABLE_YEARS;
  // In an address, a plus stands for a space.
  const plus = typeof value === 'string' && parseDateTime(value.replace(' ', '+')) !== null;
  const hint = plus ? '; in an address the + of the offset is written %2B' : '';
  return `must be an RFC 3339 date-time with an offset, like 2026-11-20T08:00:00Z${hint}`;
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Half-open span of time, in milliseconds since 1970. */
export interface TimeRange {
  from: number;
  to: number;
}
