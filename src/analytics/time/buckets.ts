import { badRequest } from '../../platform/http/problem.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { bucketStarts, INTERVAL_MS, type Interval, INTERVALS } from './local-time.js';
import { type CountCover, type SignedRange, coverTime, coverCounts, type Cover } from './time-cover.js';

const MAX_BUCKETS = 10_000;

/** @throws Problem 400 naming an interval that fits, when there would be more than 10,000 buckets */
export function requireBuckets(range: TimeRange, interval: Interval, zone: string): number[] {
  const length = range.to - range.from;
  const starts =
    length / INTERVAL_MS[interval] > 2 * MAX_BUCKETS ? null : bucketStarts(range, interval, zone, MAX_BUCKETS);
  if (starts !== null && starts.length <= MAX_BUCKETS) return starts;
  // One more bucket at either end than its length says.
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
 * Covers a range so that every rollup row lies within one of the buckets. All clocks since 2000 differ from UTC by
 * whole minutes, so buckets begin at whole UTC minutes and only the edges of the range need rows.
 */
export function coverBuckets(range: TimeRange, starts: readonly number[]): Cover {
  return joinCovers(bucketsOf(range, starts).map(({ piece }) => coverTime(piece)));
}

/** The same for what can be subtracted: see {@link coverCounts}. */
export function coverBucketCounts(range: TimeRange, starts: readonly number[]): CountCover {
  return joinCovers(bucketsOf(range, starts).map(({ piece, bucket }) => coverCounts(piece, bucket)));
}

/** Each bucket, and the part of it in the range. */
function bucketsOf(range: TimeRange, starts: readonly number[]) {
  return starts.map((start, n) => {
    const end = starts[n + 1];
    return {
      piece: { from: Math.max(start, range.from), to: Math.min(end ?? range.to, range.to) },
      bucket: { from: start, to: end ?? Infinity },
    };
  });
}

/** Pieces that touch become one, so that a long range is a few pages of each granularity. */
function joinCovers<Name extends string, Span extends TimeRange & { sign?: number }>(
  pieces: readonly Record<Name, Span[]>[],
): Record<Name, Span[]> {
  const [first] = pieces as [Record<Name, Span[]>]; // a range has a bucket
  const names = Object.keys(first) as Name[];
  return Object.fromEntries(names.map((name) => [name, joinSpans(pieces.flatMap((piece) => piece[name]))])) as Record<
    Name,
    Span[]
  >;
}

function joinSpans<Span extends TimeRange & { sign?: number }>(pieces: readonly Span[]): Span[] {
  const spans: Span[] = [];
  for (const span of [...pieces].sort((a, b) => a.from - b.from)) {
    const last = spans.at(-1);
    if (last?.to === span.from && last.sign === span.sign) last.to = span.to;
    else spans.push({ ...span });
  }
  return spans;
}

/** Spans as two arrays for SQL: from and to. */
export function spanArrays(ranges: readonly TimeRange[]): [from: string[], to: string[]] {
  return [ranges.map(({ from }) => toIso(from)), ranges.map(({ to }) => toIso(to))];
}

/** Spans as three arrays for SQL: from, to, and what their counts are multiplied with. */
export function signedSpanArrays(ranges: readonly SignedRange[]): [from: string[], to: string[], sign: number[]] {
  return [...spanArrays(ranges), ranges.map(({ sign }) => sign)];
}
