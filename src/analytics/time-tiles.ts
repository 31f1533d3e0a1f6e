import { DAY_MS, HOUR_MS, MINUTE_MS, type TimeRange } from '../platform/time.js';

/** Which rollup table answers which part of a range, and which seconds at the edges only rows can answer. */
export interface Tiles {
  day: TimeRange[];
  hour: TimeRange[];
  minute: TimeRange[];
  rows: TimeRange[];
}

const GRAINS = [
  ['day', DAY_MS],
  ['hour', HOUR_MS],
  ['minute', MINUTE_MS],
] as const;

/** No tile lies within it, so nothing is taken off again. */
const NOTHING: TimeRange = { from: Infinity, to: -Infinity };

/**
 * Tiles a range with the coarsest whole UTC buckets: days in the middle, hours and minutes towards the edges, at most
 * 2 × 23 hours and 2 × 59 minutes whatever its length. What is left at either end is shorter than a minute
 * and lies within one.
 */
export function tile(range: TimeRange): Tiles {
  const { day, hour, minute, rows } = tileCounts(range, NOTHING);
  const unsigned = (tiles: SignedRange[]) => tiles.map(({ from, to }) => ({ from, to }));
  return { day: unsigned(day), hour: unsigned(hour), minute: unsigned(minute), rows: unsigned(rows) };
}

/** A stretch that is added, or taken off again. */
export interface SignedRange extends TimeRange {
  sign: 1 | -1;
}

export type CountTiles = Record<keyof Tiles, SignedRange[]>;

/**
 * Tiles a range for what can be subtracted: where more than half of an hour or a day is in the range, the whole of it less the
 * rest, which halves the tiles at the edges. Each tile of rows lies within one minute.
 *
 * @param within no tile reaches out of it
 */
export function tileCounts(range: TimeRange, within: TimeRange = { from: -Infinity, to: Infinity }): CountTiles {
  const tiles: CountTiles = { day: [], hour: [], minute: [], rows: [] };
  const cover = (piece: TimeRange, level: number, sign: 1 | -1): void => {
    if (piece.from >= piece.to) return;
    const [grain, size] = GRAINS[level] ?? ['rows' as const, 0];
    if (grain === 'rows') {
      tiles.rows.push({ ...piece, sign });
      return;
    }
    const [from, to] = [Math.ceil(piece.from / size) * size, Math.floor(piece.to / size) * size];
    if (from > to) {
      cover(piece, level + 1, sign);
      return;
    }
    if (from < to) tiles[grain].push({ from, to, sign });
    for (const part of [
      { from: piece.from, to: from },
      { from: to, to: piece.to },
    ]) {
      const start = Math.floor(part.from / size) * size;
      const whole = { from: start, to: start + size };
      const isMore = part.to - part.from > size / 2 && whole.from >= within.from && whole.to <= within.to;
      if (isMore && grain !== 'minute') {
        tiles[grain].push({ ...whole, sign });
        cover({ from: whole.from, to: part.from }, level + 1, -sign as 1 | -1);
        cover({ from: part.to, to: whole.to }, level + 1, -sign as 1 | -1);
      } else {
        cover(part, level + 1, sign);
      }
    }
  };
  cover(range, 0, 1);
  return tiles;
}
