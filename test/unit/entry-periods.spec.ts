import { endOf, partsOf, type Period, periodsBefore, startOf } from '../../src/audit/entries/entry-periods.js';

const at = Date.parse('2026-03-01T12:34:56Z') / 1_000;
const DAY_S = 86_400;

/** Seconds between where each ends and the next older one begins; 0 where they touch. */
const gaps = (periods: readonly Period[]) => periods.slice(1).map((period, n) => startOf(periods[n]!) - endOf(period));

describe('periods of the search index', () => {
  it.each([
    [0, 3_600],
    [1, 30 * DAY_S],
    [DAY_S, 30 * DAY_S],
    [300 * DAY_S, 20 * 365 * DAY_S],
    [10 * 365 * DAY_S, at + 365 * DAY_S],
  ])('of a span of %d s go back %d s without a gap', (span, back) => {
    const periods = [...periodsBefore(at, at - back, span)];
    expect(startOf(periods[0]!)).toBeLessThanOrEqual(at);
    expect(endOf(periods[0]!)).toBeGreaterThan(at);
    expect(gaps(periods).every((gap) => gap === 0)).toBe(true);
    expect(startOf(periods.at(-1)!)).toBeLessThanOrEqual(at - back);
    expect(endOf(periods.at(-1)!)).toBeGreaterThan(at - back);
  });

  it('are few for a long time, and short ones first', () => {
    const periods = [...periodsBefore(at, at - 30 * 365 * DAY_S, 60)];
    expect(periods.length).toBeLessThanOrEqual(5 * 39 + 15);
    for (const period of periods.filter(({ level }) => level > 0)) {
      const before = endOf(periods[0]!) - endOf(period);
      expect(endOf(period) - startOf(period)).toBeLessThanOrEqual(before / 4);
    }
    const levels = periods.map(({ level }) => level);
    expect(levels).toEqual([...levels].sort((a, b) => a - b));
    expect(levels[0]).toBe(0);
    expect(levels.at(-1)).toBe(5);
  });

  it('consist of their parts', () => {
    for (const period of [
      { level: 5, n: 26 },
      { level: 1, n: -3 },
    ]) {
      const parts = partsOf(period)!;
      expect(gaps(parts).every((gap) => gap === 0)).toBe(true);
      expect([startOf(parts.at(-1)!), endOf(parts[0]!)]).toEqual([startOf(period), endOf(period)]);
    }
    expect(partsOf({ level: 0, n: 5 })).toBeNull();
  });
});
