import type { TimeRange } from '../platform/time.js';
import { COUNT_GRAINS, type CountGrain, type Grain, GRAIN_MS, GRAINS } from './grains.js';

/** Which rollup table answers which part of a range, and which seconds at the edges only rows can answer. */
export type Tiles = Record<Grain | 'rows', TimeRange[]>;

/** No tile lies within it, so nothing is taken off again. */
const NOTHING: TimeRange = { from: Infinity, to: -Infinity };

/**
 * Tiles a range with the coarsest whole UTC buckets: days in the middle, hours and minutes towards the edges, at most
 * 2 × 23 hours and 2 × 59 minutes whatever its length. What is left at either end is shorter than a minute
 * and lies within one.
 */
export function tile(range: TimeRange): Tiles {
  const { day, hour, minute, rows } = cover(range, NOTHING, GRAINS);
  const unsigned = (tiles: SignedRange[] = []) => tiles.map(({ from, to }) => ({ from, to }));
  return { day: unsigned(day), hour: unsigned(hour), minute: unsigned(minute), rows: unsigned(rows) };
}

/** A stretch that is added, or taken off again. */
export interface SignedRange extends TimeRange {
  sign: 1 | -1;
}

export type CountTiles = Record<CountGrain | 'rows', SignedRange[]>;

/**
 * Tiles a range for what can be subtracted: where more than half of a bucket is in the range, the whole of it less the
 * rest, which halves the tiles at the edges. Each tile of rows lies within one minute and, unless `within` cuts that minute,
 * is half of it at most.
 *
 * @param within no tile reaches out of it
 */
export function tileCounts(range: TimeRange, within: TimeRange = { from: -Infinity, to: Infinity }): CountTiles {
  const { day = [], hour = [], ten_minutes = [], minute = [], rows = [] } = cover(range, within, COUNT_GRAINS);
  return { day, hour, ten_minutes, minute, rows };
}

function cover(whole: TimeRange, within: TimeRange, grains: readonly CountGrain[]): Partial<CountTiles> {
  const tiles: Partial<CountTiles> = {};
  const add = (grain: CountGrain | 'rows', tile: SignedRange) => (tiles[grain] ??= []).push(tile);
  const coverPiece = (piece: TimeRange, level: number, sign: 1 | -1): void => {
    if (piece.from >= piece.to) return;
    const grain = grains[level];
    if (grain === undefined) {
      add('rows', { ...piece, sign });
      return;
    }
    const size = GRAIN_MS[grain];
    const [from, to] = [Math.ceil(piece.from / size) * size, Math.floor(piece.to / size) * size];
    if (from < to) add(grain, { from, to, sign });
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
        add(grain, { ...bucket, sign });
        coverPiece({ from: bucket.from, to: part.from }, level + 1, -sign as 1 | -1);
        coverPiece({ from: part.to, to: bucket.to }, level + 1, -sign as 1 | -1);
      } else {
        coverPiece(part, level + 1, sign);
      }
    }
  };
  coverPiece(whole, 0, 1);
  return tiles;
}
