import { param } from '../app/router.js';
import { browserZone, isZone } from './time.js';

/** Numbers and dates as the browser's language writes them. Where there is nothing, a dash and never 0. */
export const NONE = '–';
const LANGUAGE = navigator.language;

const whole = Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 0 });
const short = Intl.NumberFormat(LANGUAGE, { notation: 'compact', maximumSignificantDigits: 3 });
const oneDigit = Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 1 });
const percents = Intl.NumberFormat(LANGUAGE, { style: 'percent', maximumFractionDigits: 0 });
const bytesFormat = Intl.NumberFormat(LANGUAGE, { maximumSignificantDigits: 3 });

export const exact = (value: number | null | undefined): string => (value == null ? NONE : whole.format(value));

/** Short enough for a card: all digits below 100,000, three above. */
export function figure(value: number | null | undefined): string {
  if (value == null) return NONE;
  if (Math.abs(value) >= 100_000) return short.format(value);
  return Number.isInteger(value) || Math.abs(value) >= 1_000 ? whole.format(value) : oneDigit.format(value);
}

export function percent(share: number | null | undefined): string {
  if (share == null || !Number.isFinite(share)) return NONE;
  return share > 0 && share < 0.005 ? `< ${percents.format(0.01)}` : percents.format(share);
}

/** 0.21 s, 3 min, 2 h 5 min. */
export function duration(ms: number | null | undefined): string {
  if (ms == null) return NONE;
  const seconds = ms / 1_000;
  if (seconds < 0.01 && seconds > 0) return `${oneDigit.format(ms)} ms`;
  if (seconds < 10) return `${Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 2 }).format(seconds)} s`;
  if (seconds < 90) return `${whole.format(seconds)} s`;
  if (seconds < 5_400) return `${whole.format(seconds / 60)} min`;
  const hours = seconds / 3_600;
  if (hours < 48) {
    const minutes = Math.round((hours % 1) * 60);
    return minutes === 0 ? `${Math.floor(hours)} h` : `${Math.floor(hours)} h ${minutes} min`;
  }
  return `${oneDigit.format(hours / 24)} d`;
}

export function bytes(value: number | null | undefined): string {
  if (value == null) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = value;
  for (; rest >= 1_000 && unit < units.length - 1; unit++) rest /= 1_000;
  return `${bytesFormat.format(rest)} ${units[unit]}`;
}

/** The zone of the address, in which all times are shown. */
export function zone(): string {
  const given = param('tz');
  return given !== null && isZone(given) ? given : browserZone();
}

const formats = new Map<string, Intl.DateTimeFormat>();

function print(at: number | string | null | undefined, options: Intl.DateTimeFormatOptions): string {
  if (at == null) return NONE;
  const key = JSON.stringify([zone(), options]);
  let format = formats.get(key);
  if (format === undefined)
    formats.set(key, (format = Intl.DateTimeFormat(LANGUAGE, { timeZone: zone(), ...options })));
  return format.format(new Date(at));
}

type Instant = number | string | null | undefined;
export const clock = (at: Instant) => print(at, { timeStyle: 'medium' });
export const day = (at: Instant) => print(at, { day: 'numeric', month: 'short' });
export const date = (at: Instant) => print(at, { dateStyle: 'medium' });
export const moment = (at: Instant) => print(at, { dateStyle: 'medium', timeStyle: 'medium' });
export const shortMoment = (at: Instant) =>
  print(at, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
export const callMoment = (at: Instant) =>
  print(at, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });
export const precise = (at: Instant) =>
  print(at, {
    ...{ year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
    fractionalSecondDigits: 3,
  });

/** The name of a bucket: as much of the date as its length needs. */
export function bucketName(at: Instant, interval: string): string {
  if (interval === 'second') return clock(at);
  if (interval === 'minute' || interval === 'hour') return shortMoment(at);
  if (interval === 'month') return print(at, { month: 'short', year: 'numeric' });
  return print(at, { weekday: 'short', day: 'numeric', month: 'short' });
}
