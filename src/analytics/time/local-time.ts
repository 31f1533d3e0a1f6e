import { DAY_MS, HOUR_MS, MINUTE_MS, type TimeRange } from '../../platform/time/time.js';
import { offsetAt } from '../../platform/time/time-zone.js';

export const INTERVALS = ['minute', 'hour', 'day', 'week', 'month'] as const;
export type Interval = (typeof INTERVALS)[number];

/** Nominal lengths, for estimates. */
export const INTERVAL_MS: Record<Interval, number> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  week: 7 * DAY_MS,
  month: 30 * DAY_MS,
};

/** A time window in which local time is UTC plus `offset`. */
interface Segment extends TimeRange {
  offset: number;
}

/** Two clock changes that cancel each other out are further apart than this (Ramadan in Morocco: 30 days). */
const LONGEST_STEP = 7 * DAY_MS;

/**
 * The instants at which the buckets that `range` touches begin, in order; the first may lie before the range.
 * - Days begin at the first instant of the local date: where a clock change skips midnight, the first instant after it;
 *   where it repeats midnight, the first one. Weeks begin on Monday.
 * - Hours and minutes begin where the local clock shows a full one, and where it jumps by a part of one (Lord Howe).
 * @param limit how many are wanted at most; one more is returned when there are too many
 */
export function bucketStarts(range: TimeRange, interval: Interval, zone: string, limit: number): number[] {
  const segments = clockSegments(range, zone);
  const starts: number[] = [];
  const all = interval === 'minute' || interval === 'hour' ? fullClocks : localDates;
  for (const start of all(segments, interval, range)) {
    if (start >= range.to) break;
    if (start <= range.from) starts.length = 0;
    if (start !== starts.at(-1)) starts.push(start);
    if (starts.length > limit) break;
  }
  return starts;
}

function* fullClocks(segments: Segment[], interval: Interval, range: TimeRange): Generator<number> {
  const unit = INTERVAL_MS[interval];
  let before: Segment | undefined;
  for (const segment of segments) {
    const { from, to, offset } = segment;
    if (before !== undefined && (offset - before.offset) % unit !== 0) yield from;
    // Nothing before the bucket of range.from is needed.
    const begin = Math.max(from, range.from - unit);
    for (let start = Math.ceil((begin + offset) / unit) * unit - offset; start < to; start += unit) yield start;
    before = segment;
  }
}

function* localDates(segments: Segment[], interval: Interval, range: TimeRange): Generator<number> {
  const first = segments.find(({ to }) => to > range.from) ?? segments[0]!;
  let date = firstDate(range.from + first.offset, interval);
  for (const segment of segments) {
    // A local time belongs to the first segment that ends after it.
    while (date < segment.to + segment.offset) {
      yield Math.max(segment.from, date - segment.offset);
      date = nextDate(date, interval);
    }
  }
}

/** First local midnight of the bucket of a local time, both written as if local time were UTC. */
function firstDate(local: number, interval: Interval): number {
  const date = new Date(Math.floor(local / DAY_MS) * DAY_MS);
  if (interval === 'week') date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  if (interval === 'month') date.setUTCDate(1);
  return date.getTime();
}

function nextDate(date: number, interval: Interval): number {
  if (interval !== 'month') return date + INTERVAL_MS[interval];
  const month = new Date(date);
  return month.setUTCMonth(month.getUTCMonth() + 1);
}

/** The offsets of `zone` from a month before the range until two days after it. */
function clockSegments(range: TimeRange, zone: string): Segment[] {
  const end = range.to + 2 * DAY_MS;
  let from = range.from - 33 * DAY_MS;
  let offset = offsetAt(zone, from);
  const segments: Segment[] = [];
  for (let at = from; at < end;) {
    const next = Math.min(at + LONGEST_STEP, end);
    if (offsetAt(zone, next) !== offset) {
      const change = findChange(zone, at, next);
      segments.push({ from, to: change, offset });
      from = change;
      offset = offsetAt(zone, change);
      at = change;
    } else {
      at = next;
    }
  }
  return [...segments, { from, to: end, offset }];
}

/** The first second of the new offset, between `before` and `after`. */
function findChange(zone: string, before: number, after: number): number {
  const offset = offsetAt(zone, before);
  let [low, high] = [Math.floor(before / 1000), Math.ceil(after / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * 1000) === offset) low = middle;
    else high = middle;
  }
  return high * 1000;
}
