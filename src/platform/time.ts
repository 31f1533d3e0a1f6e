/**
 * RFC 3339 date-times.
 * Groups: year month day hour minute second offset.
 */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Milliseconds since 1970 of an RFC 3339 date-time, or null when it is not one. Digits beyond milliseconds are cut.
 * 30 February is not a date and 24:00 not a time, though `Date.parse` would take both.
 */
export function parseDateTime(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (match === null || match[4] === '24') return null;
  const ms = Date.parse(/[tz]/.test(text) ? text.toUpperCase() : text);
  if (Number.isNaN(ms)) return null;
  const day = Number(match[3]);
  return day > 28 && day > daysInMonth(Number(match[1]), Number(match[2])) ? null : ms;
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
