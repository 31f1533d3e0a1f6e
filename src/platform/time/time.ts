/**
 * RFC 3339 date-times.
 * Groups: year month day hour minute second, fourth to sixth digit of the fraction, offset.
 */
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(?:\d{3}(\d{1,3})\d{0,3}|\d{1,2}|\d{3}))?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Milliseconds since 1970 of an RFC 3339 date-time, or null when it is not one. Microseconds are the fraction: times of
 * these centuries have room for them. Digits beyond are cut. 30 February is not a date and 24:00 is not a time, though
 * `Date.parse` accepts both.
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
  if (day > 28 && day > daysInMonth(Number(match[1]), Number(match[2]))) return null;
  return match[7] === undefined ? ms : ms + Number(match[7].padEnd(3, '0')) / 1000;
}

/**
 * The years that can be asked for and set. Nothing is recorded outside; 1900 is what people write when they mean
 * everything. JavaScript and PostgreSQL write years before 1 and after 9999 differently.
 */
const ASKABLE = { from: Date.UTC(1900, 0, 1), to: Date.UTC(3000, 0, 1) };

/** End of the sentence about a time outside this range. */
export const ASKABLE_YEARS = 'must be in the years 1900 to 2999';

export const isAskable = (ms: number): boolean => ms >= ASKABLE.from && ms < ASKABLE.to;

export const DATE_TIME_EXAMPLE = '2026-11-20T08:00:00Z';

/** `2026-11-20T08:00:00.123Z`; with six digits where there are microseconds. */
export function toIso(ms: number): string {
  const { whole, micros } = split(ms);
  const text = new Date(whole).toISOString();
  return micros === 0 ? text : `${text.slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** `2026-11-20T08:00:00.123000Z`: always six digits, as PostgreSQL holds times. */
export function toMicroseconds(ms: number): string {
  const { whole, micros } = split(ms);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`;
}

/** Without the last three of six digits where they say nothing. */
export const trimMicroseconds = (time: string): string => time.replace(/(\.\d{3})000Z$/, '$1Z');

function split(ms: number): { whole: number; micros: number } {
  const micros = Math.round(ms * 1000);
  const whole = Math.floor(micros / 1000);
  return { whole, micros: micros - whole * 1000 };
}

/** Why `value` is not a date-time that can be asked for, as the end of a sentence; null when it is. */
export function dateTimeFault(value: unknown): string | null {
  const ms = typeof value === 'string' ? parseDateTime(value) : null;
  if (ms !== null) return isAskable(ms) ? null : ASKABLE_YEARS;
  // In an address, a plus stands for a space.
  const plus = typeof value === 'string' && parseDateTime(value.replace(' ', '+')) !== null;
  const hint = plus ? '; in an address the + of the offset is written %2B' : '';
  return `must be an RFC 3339 date-time with an offset, like ${DATE_TIME_EXAMPLE}${hint}`;
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
