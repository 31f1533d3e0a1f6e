/** Time zones and ranges. Instants are milliseconds since 1970. */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function browserZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === '' || zone === undefined ? 'UTC' : zone;
}

export function isZone(zone: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock of `zone` shows, as if it were UTC. */
function wallTime(at: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part['year']!, part['month']! - 1, part['day'], part['hour'], part['minute'], part['second']);
}

/** The instant at which a clock of `zone` shows `wall`; where it never does, just after the gap. */
export function instantOf(wall: number, zone: string): number {
  const guess = wall - (wallTime(wall, zone) - wall);
  return guess - (wallTime(guess, zone) - wall);
}

export function startOfDay(at: number, zone: string): number {
  return instantOf(Math.floor(wallTime(at, zone) / DAY) * DAY, zone);
}

export const RANGES = {
  today: { label: 'Today', key: 'T' },
  '24h': { label: 'Last 24 hours', key: 'D' },
  '7d': { label: 'Last 7 days', key: 'W' },
  '30d': { label: 'Last 30 days', key: 'M' },
  '12mo': { label: 'Last 12 months', key: 'Y' },
} as const;
export type RangeName = keyof typeof RANGES;

const LENGTHS: Record<RangeName, number> = {
  today: DAY,
  '24h': DAY,
  '7d': 7 * DAY,
  '30d': 30 * DAY,
  '12mo': 365 * DAY,
};

export interface Range {
  from: number;
  to: number;
}

/** Ends with the minute that runs, so that rollups answer and the newest events are in it. */
export function rangeOf(name: RangeName, now: number, zone: string): Range {
  const to = Math.ceil((now + 1) / MINUTE) * MINUTE;
  return { from: name === 'today' ? startOfDay(now, zone) : to - LENGTHS[name], to };
}

/** The period of the same length that ends where this one begins. */
export function periodBefore({ from, to }: Range): Range {
  return { from: from - (to - from), to: from };
}

export const iso = (at: number): string => new Date(at).toISOString();

/** `2026-11-26T09:30` of an input, read as a clock of `zone` shows it. */
export function parseLocal(text: string, zone: string): number | null {
  const wall = Date.parse(`${text}Z`);
  return Number.isNaN(wall) ? null : instantOf(wall, zone);
}

/** The other way round. */
export function toLocal(at: number, zone: string): string {
  return new Date(wallTime(at, zone)).toISOString().slice(0, 16);
}
