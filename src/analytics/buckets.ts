import { badRequest } from '../platform/problem.js';
import { toIso } from '../platform/query.dto.js';
import type { TimeRange } from '../platform/time.js';
import { bucketStarts, INTERVAL_MS, type Interval, INTERVALS } from './local-time.js';
import { tile, type Tiles } from './time-tiles.js';

const MAX_BUCKETS = 10_000;

/** @throws Problem 400 naming an interval that fits, when there would be more than 10,000 buckets */
export function requireBuckets(range: TimeRange, interval: Interval, zone: string): number[] {
  const length = range.to - range.from;
  const starts =
    length / INTERVAL_MS[interval] > 2 * MAX_BUCKETS ? null : bucketStarts(range, interval, zone, MAX_BUCKETS);
  if (starts !== null && starts.length <= MAX_BUCKETS) return starts;
  // A bucket more at either end than its length says.
  const fitting = INTERVALS.find((other) => length / INTERVAL_MS[other] + 2 <= MAX_BUCKETS) ?? 'month';
  throw badRequest(
    `This range has more than ${MAX_BUCKETS} buckets of one ${interval}. interval=${fitting} fits, or ask for a shorter range.`,
    [{ path: 'interval', message: `gives more than ${MAX_BUCKETS} buckets; ${fitting} fits` }],
  );
}

/** An interval that makes a readable chart of a range. */
export function suitableInterval({ from, to }: TimeRange): Interval {
  const days = (to - from) / INTERVAL_MS.day;
  if (days <= 0.1) return 'minute';
  if (days <= 2) return 'hour';
  return days <= 100 ? 'day' : days <= 730 ? 'week' : 'month';
}

/**
 * Tiles a range so that every rollup row lies within one of the buckets. All clocks since 2000 differ from UTC by whole
 * minutes, so buckets begin at whole UTC minutes and only the edges of the range need rows.
 */
export function tileBuckets(range: TimeRange, starts: readonly number[]): Tiles {
  const tiles: Tiles = { day: [], hour: [], minute: [], rows: [] };
  starts.forEach((start, n) => {
    const piece = tile({ from: Math.max(start, range.from), to: Math.min(starts[n + 1] ?? range.to, range.to) });
    for (const grain of ['day', 'hour', 'minute', 'rows'] as const) {
      for (const span of piece[grain]) append(tiles[grain], span);
    }
  });
  for (const grain of ['day', 'hour', 'minute', 'rows'] as const) tiles[grain] = join(tiles[grain]);
  return tiles;
}

function append(spans: TimeRange[], span: TimeRange): void {
  const last = spans.at(-1);
  if (last?.to === span.from) last.to = span.to;
  else spans.push({ ...span });
}

/** Pieces of one bucket come as middle, start, end: in order of time more of them touch. */
function join(spans: TimeRange[]): TimeRange[] {
  const joined: TimeRange[] = [];
  for (const span of spans.sort((a, b) => a.from - b.from)) append(joined, span);
  return joined;
}

/** Spans as two arrays for SQL: from which instants to which. */
export function spanArrays(ranges: readonly TimeRange[]): [from: string[], to: string[]] {
  return [ranges.map(({ from }) => toIso(from)), ranges.map(({ to }) => toIso(to))];
}
