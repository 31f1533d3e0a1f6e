import { LRUCache } from 'lru-cache';
import { trimMicroseconds } from '../../platform/time/time.js';

const QUARTER_HOUR_MS = 900_000;
/** Offsets in the cache: enough for ten days of quarters, and an export goes through time in order. */
const MAX_OFFSETS = 1_000;

/**
 * Formats times as RFC 3339 in one time zone, with its offset. No zone changes its offset within a quarter of an hour.
 */
export class TimePrinter {
  private readonly offsets = new LRUCache<number, number>({ max: MAX_OFFSETS });
  private readonly format: Intl.DateTimeFormat | undefined;

  constructor(timeZone: string) {
    this.format =
      timeZone === 'UTC' ? undefined : new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  }

  /** @param time `2026-11-21T04:50:00.123000Z`, or without the last three digits */
  print(time: string): string {
    if (this.format === undefined) return trimMicroseconds(time);
    const ms = Date.parse(`${time.slice(0, 23)}Z`);
    const offset = this.offsetAt(ms, this.format);
    const size = Math.abs(offset);
    const hours = String(Math.floor(size / 60)).padStart(2, '0');
    const minutes = String(size % 60).padStart(2, '0');
    const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1);
    const micros = time.slice(23, -1).replace('000', '');
    return `${local}${micros}${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
  }

  /** In minutes. */
  private offsetAt(ms: number, format: Intl.DateTimeFormat): number {
    const quarter = Math.floor(ms / QUARTER_HOUR_MS);
    let offset = this.offsets.get(quarter);
    if (offset === undefined) {
      this.offsets.set(quarter, (offset = readOffset(format, ms)));
    }
    return offset;
  }
}

function readOffset(format: Intl.DateTimeFormat, ms: number): number {
  const name = format.formatToParts(ms).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(name);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}
