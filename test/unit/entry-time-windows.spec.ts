import { endOf, partsOf, type TimeWindow, windowsBefore, startOf } from '../../src/audit/search/entry-time-windows.js';

const at = Date.parse('2026-03-01T12:34:56Z') / 1_000;
const DAY_S = 86_400;

/** Seconds between where each ends and the next older one begins; 0 where they touch. */
const gaps = (windows: readonly TimeWindow[]) =>
  windows.slice(1).map((window, n) => startOf(windows[n]!) - endOf(window));

describe('windows of the search index', () => {
  it.each([
    [0, 3_600],
    [1, 30 * DAY_S],
    [DAY_S, 30 * DAY_S],
    [300 * DAY_S, 20 * 365 * DAY_S],
    [10 * 365 * DAY_S, at + 365 * DAY_S],
  ])('of a span of %d s go back %d s without a gap', (span, back) => {
    const windows = [...windowsBefore(at, at - back, span)];
    expect(startOf(windows[0]!)).toBeLessThanOrEqual(at);
    expect(endOf(windows[0]!)).toBeGreaterThan(at);
    expect(gaps(windows).every((gap) => gap === 0)).toBe(true);
    expect(startOf(windows.at(-1)!)).toBeLessThanOrEqual(at - back);
    expect(endOf(windows.at(-1)!)).toBeGreaterThan(at - back);
  });

  it('are few for a long time, and short ones first', () => {
    const windows = [...windowsBefore(at, at - 30 * 365 * DAY_S, 60)];
    expect(windows.length).toBeLessThanOrEqual(5 * 39 + 15);
    for (const window of windows.filter(({ level }) => level > 0)) {
      const before = endOf(windows[0]!) - endOf(window);
      expect(endOf(window) - startOf(window)).toBeLessThanOrEqual(before / 4);
    }
    const levels = windows.map(({ level }) => level);
    expect(levels).toEqual([...levels].sort((a, b) => a - b));
    expect(levels[0]).toBe(0);
    expect(levels.at(-1)).toBe(5);
  });

  it('consist of their parts', () => {
    for (const window of [
      { level: 5, n: 26 },
      { level: 1, n: -3 },
    ]) {
      const parts = partsOf(window)!;
      expect(gaps(parts).every((gap) => gap === 0)).toBe(true);
      expect([startOf(parts.at(-1)!), endOf(parts[0]!)]).toEqual([startOf(window), endOf(window)]);
    }
    expect(partsOf({ level: 0, n: 5 })).toBeNull();
  });
});
