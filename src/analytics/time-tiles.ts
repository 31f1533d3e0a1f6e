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

/**
 * Tiles a range with the coarsest whole UTC buckets: days in the middle, hours and minutes towards the edges, at most
 * 2 × 23 hours and 2 × 59 minutes whatever its length. What is left at either end is shorter than a minute
 * and lies within one.
 */
export function tile(range: TimeRange): Tiles {
  const tiles: Tiles = { day: [], hour: [], minute: [], rows: [] };
  let uncovered = [range];
  for (const [grain, size] of GRAINS) {
    uncovered = uncovered.flatMap((piece) => {
      const from = Math.ceil(piece.from / size) * size;
      const to = Math.floor(piece.to / size) * size;
      if (from >= to) return [piece];
      tiles[grain].push({ from, to });
      return [
        { from: piece.from, to: from },
        { from: to, to: piece.to },
      ].filter((rest) => rest.from < rest.to);
    });
  }
  tiles.rows = uncovered.flatMap(splitAtMinute);
  return tiles;
}

function splitAtMinute(piece: TimeRange): TimeRange[] {
  const boundary = Math.ceil(piece.from / MINUTE_MS) * MINUTE_MS;
  if (boundary <= piece.from || boundary >= piece.to) return [piece];
  return [
    { from: piece.from, to: boundary },
    { from: boundary, to: piece.to },
  ];
}
