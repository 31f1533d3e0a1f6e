import type { TimeRange } from '../../platform/time/time.js';
import {
  COUNT_GRANULARITIES,
  type CountGranularity,
  type Granularity,
  GRANULARITY_MS,
  GRANULARITIES,
} from './granularities.js';

/** Which rollup table answers which part of a range, and which seconds at the edges only rows can answer. */
export type Cover = Record<Granularity | 'rows', TimeRange[]>;

/** No bucket lies within it, so nothing is taken off again. */
const NOTHING: TimeRange = { from: Infinity, to: -Infinity };

/**
 * Covers a range with the coarsest whole UTC buckets: days in the middle, hours and minutes towards the edges, at most
 * 2 × 23 hours and 2 × 59 minutes whatever its length. What is left at either end is shorter than a minute
 * and lies within one.
 */
export function coverTime(range: TimeRange): Cover {
  const { day, hour, minute, rows } = signedCover(range, NOTHING, GRANULARITIES);
  const unsigned = (ranges: SignedRange[] = []) => ranges.map(({ from, to }) => ({ from, to }));
  return { day: unsigned(day), hour: unsigned(hour), minute: unsigned(minute), rows: unsigned(rows) };
}

/** A range that is added, or taken off again. */
export interface SignedRange extends TimeRange {
  sign: 1 | -1;
}

export type CountCover = Record<CountGranularity | 'rows', SignedRange[]>;

/**
 * Covers a range for what can be subtracted: where more than half of a bucket is in the range, the whole of it less the
 * rest, which halves the number of pieces at the edges. Each piece of rows lies within one minute and, unless `within` cuts that minute,
 * is half of it at most.
 *
 * @param within no piece reaches out of it
 */
export function coverCounts(range: TimeRange, within: TimeRange = { from: -Infinity, to: Infinity }): CountCover {
  const {
    day = [],
    hour = [],
    ten_minutes = [],
    minute = [],
    rows = [],
  } = signedCover(range, within, COUNT_GRANULARITIES);
  return { day, hour, ten_minutes, minute, rows };
}

function signedCover(
  whole: TimeRange,
  within: TimeRange,
  granularities: readonly CountGranularity[],
): Partial<CountCover> {
  const pieces: Partial<CountCover> = {};
  const add = (granularity: CountGranularity | 'rows', range: SignedRange) => (pieces[granularity] ??= []).push(range);
  const coverPiece = (piece: TimeRange, level: number, sign: 1 | -1): void => {
    if (piece.from >= piece.to) return;
    const granularity = granularities[level];
    if (granularity === undefined) {
      add('rows', { ...piece, sign });
      return;
    }
    const size = GRANULARITY_MS[granularity];
    const [from, to] = [Math.ceil(piece.from / size) * size, Math.floor(piece.to / size) * size];
    if (from < to) add(granularity, { from, to, sign });
    const isWithinBucket = from > to;
    const edges = [
      { from: piece.from, to: from },
      { from: to, to: piece.to },
    ];
    for (const part of isWithinBucket ? [piece] : edges) {
      const start = Math.floor(part.from / size) * size;
      const bucket = { from: start, to: start + size };
      const isMore = part.to - part.from > size / 2 && bucket.from >= within.from && bucket.to <= within.to;
      if (isMore) {
        add(granularity, { ...bucket, sign });
        coverPiece({ from: bucket.from, to: part.from }, level + 1, -sign as 1 | -1);
        coverPiece({ from: part.to, to: bucket.to }, level + 1, -sign as 1 | -1);
      } else {
        coverPiece(part, level + 1, sign);
      }
    }
  };
  coverPiece(whole, 0, 1);
  return pieces;
}
