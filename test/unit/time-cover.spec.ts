import { coverTime, coverCounts } from '../../src/analytics/time/time-cover.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, type TimeRange } from '../../src/platform/time/time.js';

const at = (text: string) => Date.parse(text);

describe('tile', () => {
  it('takes whole days from the days', () => {
    const range = { from: at('2026-11-01T00:00Z'), to: at('2026-11-08T00:00Z') };
    expect(coverTime(range)).toEqual({ day: [range], hour: [], minute: [], rows: [] });
  });

  it('refines towards the edges', () => {
    expect(coverTime({ from: at('2026-11-01T22:58:30Z'), to: at('2026-11-03T01:01:10Z') })).toEqual({
      day: [{ from: at('2026-11-02T00:00Z'), to: at('2026-11-03T00:00Z') }],
      hour: [
        { from: at('2026-11-01T23:00Z'), to: at('2026-11-02T00:00Z') },
        { from: at('2026-11-03T00:00Z'), to: at('2026-11-03T01:00Z') },
      ],
      minute: [
        { from: at('2026-11-01T22:59Z'), to: at('2026-11-01T23:00Z') },
        { from: at('2026-11-03T01:00Z'), to: at('2026-11-03T01:01Z') },
      ],
      rows: [
        { from: at('2026-11-01T22:58:30Z'), to: at('2026-11-01T22:59Z') },
        { from: at('2026-11-03T01:01Z'), to: at('2026-11-03T01:01:10Z') },
      ],
    });
  });

  it('covers any range exactly once, with aligned buckets and a bounded number of them', () => {
    let seed = 1;
    const random = (max: number) => (seed = (seed * 48_271) % 2_147_483_647) % max;
    for (let round = 0; round < 2_000; round++) {
      const from = at('2026-01-01T00:00Z') + random(400 * DAY_MS);
      const range = { from, to: from + 1 + random([5_000, 90_000, 2 * HOUR_MS, 40 * DAY_MS][round % 4]!) };
      const parts = coverTime(range);
      const pieces = [...parts.day, ...parts.hour, ...parts.minute, ...parts.rows].sort((a, b) => a.from - b.from);
      expect(pieces[0]?.from).toBe(range.from);
      expect(pieces.at(-1)?.to).toBe(range.to);
      pieces.slice(1).forEach((piece, n) => expect(piece.from).toBe(pieces[n]?.to));
      expect(
        misaligned(parts.day, DAY_MS) + misaligned(parts.hour, HOUR_MS) + misaligned(parts.minute, MINUTE_MS),
      ).toBe(0);
      expect(
        parts.rows.every(({ from: a, to: b }) => Math.floor(a / MINUTE_MS) === Math.floor((b - 1) / MINUTE_MS)),
      ).toBe(true);
      expect(buckets(parts.hour, HOUR_MS)).toBeLessThanOrEqual(46);
      expect(buckets(parts.minute, MINUTE_MS)).toBeLessThanOrEqual(118);
    }
  });
});

describe('coverCounts', () => {
  it('takes a whole day less a few hours, and a whole hour less a few minutes', () => {
    expect(coverCounts({ from: at('2026-11-01T03:10:20Z'), to: at('2026-11-03T00:00Z') })).toEqual({
      day: [
        { from: at('2026-11-02T00:00Z'), to: at('2026-11-03T00:00Z'), sign: 1 },
        { from: at('2026-11-01T00:00Z'), to: at('2026-11-02T00:00Z'), sign: 1 },
      ],
      hour: [{ from: at('2026-11-01T00:00Z'), to: at('2026-11-01T03:00Z'), sign: -1 }],
      ten_minutes: [{ from: at('2026-11-01T03:00Z'), to: at('2026-11-01T03:10Z'), sign: -1 }],
      minute: [],
      rows: [{ from: at('2026-11-01T03:10Z'), to: at('2026-11-01T03:10:20Z'), sign: -1 }],
    });
  });

  it('adds up to one inside of any range and to nothing outside, within its bounds, with half the pieces', () => {
    let seed = 7;
    const random = (max: number) => (seed = (seed * 48_271) % 2_147_483_647) % max;
    for (let round = 0; round < 2_000; round++) {
      const from = at('2026-01-01T00:00Z') + random(400 * DAY_MS);
      const range = { from, to: from + 1 + random([5_000, 90_000, 2 * HOUR_MS, 3 * DAY_MS][round % 4]!) };
      const within = { from: from - random(2 * DAY_MS), to: range.to + random(2 * DAY_MS) };
      const parts = coverCounts(range, within);
      const pieces = [...parts.day, ...parts.hour, ...parts.ten_minutes, ...parts.minute, ...parts.rows];
      const instants = pieces.flatMap(({ from: a, to: b }) => [a - 1, a, b - 1, b]);
      for (const instant of [...instants, range.from - 1, range.from, range.to - 1, range.to]) {
        const covered = pieces
          .filter((piece) => piece.from <= instant && instant < piece.to)
          .reduce((sum, { sign }) => sum + sign, 0);
        expect(covered).toBe(range.from <= instant && instant < range.to ? 1 : 0);
      }
      expect(pieces.every((piece) => piece.from >= within.from && piece.to <= within.to)).toBe(true);
      expect(
        misaligned(parts.day, DAY_MS) + misaligned(parts.hour, HOUR_MS) + misaligned(parts.minute, MINUTE_MS),
      ).toBe(0);
      expect(misaligned(parts.ten_minutes, 10 * MINUTE_MS)).toBe(0);
      expect(
        parts.rows.every(({ from: a, to: b }) => Math.floor(a / MINUTE_MS) === Math.floor((b - 1) / MINUTE_MS)),
      ).toBe(true);
      const free = coverCounts(range);
      expect(buckets(free.hour, HOUR_MS)).toBeLessThanOrEqual(range.to - range.from < DAY_MS ? 24 : 26);
      expect(buckets(free.ten_minutes, 10 * MINUTE_MS)).toBeLessThanOrEqual(8);
      expect(buckets(free.minute, MINUTE_MS)).toBeLessThanOrEqual(12);
      expect(free.rows.every(({ from: a, to: b }) => b - a <= MINUTE_MS / 2)).toBe(true);
    }
  });
});

const misaligned = (ranges: TimeRange[], size: number) =>
  ranges.filter(({ from, to }) => from % size !== 0 || to % size !== 0).length;
const buckets = (ranges: TimeRange[], size: number) =>
  ranges.reduce((sum, { from, to }) => sum + (to - from) / size, 0);
