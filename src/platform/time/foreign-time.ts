import { ExactNumber } from '../json/exact-number.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './time.js';

/**
 * Groups: year; month and day, or day of the year, or week and weekday; hour, minute, second, fraction; offset. The
 * extended and the basic format of ISO 8601, and what languages print in their place: a space for the T, a comma before
 * the fraction, a colon behind it, the name of the zone behind the offset (Go, Ruby).
 */
const ISO_8601 = new RegExp(
  '^(\\d{4})(?:-?(\\d\\d)-?(\\d\\d)|-?(\\d{3})|-?W(\\d\\d)-?([1-7]))' +
    '(?:(?:[Tt]| +)(\\d\\d)(?::?(\\d\\d)(?::?(\\d\\d)(?:[.,:](\\d{1,12}))?)?)?' +
    ':? *(Z|z|UTC|GMT|[+\\-\u2212]\\d\\d(?::?\\d\\d)?)?(?: [A-Z]{3,5})?(?: m=[+-][\\d.]+)?)?$',
);

/** Groups: day, month, year, hour, minute, second, offset. As HTTP and e-mail write times. */
const RFC_5322 = /^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (GMT|UTC|[+-]\d{4})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const EPOCH = /^\d{9,19}(?:\.\d+)?$/;

/**
 * When something happened by what a client of another system calls a time: milliseconds since 1970, with microseconds
 * as the fraction. A time without an offset is one of UTC.
 * @param value text, or a number: seconds, milliseconds, microseconds or nanoseconds since 1970, by its size
 * @returns null for what cannot be read
 */
export function readForeignTime(value: unknown): number | null {
  if (typeof value === 'number') return fromEpoch(value);
  if (value instanceof ExactNumber) return fromEpoch(Number(value.digits));
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (EPOCH.test(text)) return fromEpoch(Number(text));
  return fromIso8601(text) ?? fromRfc5322(text);
}

/** Seconds of the years 1973 to 5138 are fewer than the milliseconds of 1973, and so on. */
function fromEpoch(value: number): number | null {
  if (!Number.isFinite(value) || value < 1e8) return null;
  let ms = value < 1e11 ? value * 1000 : value;
  while (ms >= 1e14) ms /= 1000;
  return Math.round(ms * 1000) / 1000;
}

function fromIso8601(text: string): number | null {
  const match = ISO_8601.exec(text);
  if (match === null) return null;
  const [year, month, day, yearDay, week, weekday] = match.slice(1, 7);
  const date =
    month !== undefined
      ? ofDate(Number(year), Number(month), Number(day))
      : yearDay !== undefined
        ? ofYearDay(Number(year), Number(yearDay))
        : ofWeek(Number(year), Number(week), Number(weekday));
  const [hour = '0', minute = '0', second = '0', fraction = '', offset = 'Z'] = match.slice(7);
  const time = ofClock(Number(hour), Number(minute), Number(second));
  const zone = ofOffset(offset);
  if (date === null || time === null || zone === null) return null;
  return date + time + Number(fraction.slice(0, 6).padEnd(6, '0')) / 1000 - zone;
}

function fromRfc5322(text: string): number | null {
  const match = RFC_5322.exec(text);
  if (match === null) return null;
  const [, day, month = '', year, hour, minute, second, offset = ''] = match;
  const date = ofDate(Number(year), MONTHS.indexOf(month) + 1, Number(day));
  const time = ofClock(Number(hour), Number(minute), Number(second));
  const zone = ofOffset(offset);
  return date === null || time === null || zone === null ? null : date + time - zone;
}

/** Null for a day that is not in the calendar. */
function ofDate(year: number, month: number, day: number): number | null {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null;
}

function ofYearDay(year: number, day: number): number | null {
  const date = ofDate(year, 1, 1)! + (day - 1) * DAY_MS;
  return new Date(date).getUTCFullYear() === year ? date : null;
}

/** The first week of a year has its fourth of January. */
function ofWeek(year: number, week: number, weekday: number): number | null {
  if (week < 1 || week > 53) return null;
  const fourth = ofDate(year, 1, 4)!;
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS;
  return monday + ((week - 1) * 7 + weekday - 1) * DAY_MS;
}

/** 24:00 is the end of the day, and a second 60 is one that was put in. */
function ofClock(hour: number, minute: number, second: number): number | null {
  const isEnd = hour === 24 && minute === 0 && second === 0;
  if ((hour > 23 && !isEnd) || minute > 59 || second > 60) return null;
  return hour * HOUR_MS + minute * MINUTE_MS + second * 1000;
}

function ofOffset(text: string): number | null {
  if (!/\d/.test(text)) return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return null;
  return (text.startsWith('+') ? 1 : -1) * (hours * HOUR_MS + minutes * MINUTE_MS);
}
