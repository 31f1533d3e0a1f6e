import { binOf, quantileOf } from '../../src/analytics/rollups/latency-histogram.js';

describe('latency histogram', () => {
  it('answers every percentile within 1 % of the exact value', () => {
    let seed = 7;
    const values = Array.from({ length: 20_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return Math.exp((seed / 2_147_483_647) * 14 - 3); // 0.05 ms to 60 s
    }).sort((a, b) => a - b);
    const histogram = new Map<number, number>();
    for (const value of values) histogram.set(binOf(value), (histogram.get(binOf(value)) ?? 0) + 1);
    for (const quantile of [0, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1]) {
      const exact = values[Math.floor(quantile * (values.length - 1))]!;
      expect(Math.abs(quantileOf(histogram, quantile)! - exact) / exact).toBeLessThanOrEqual(0.0101);
    }
  });

  it('has no percentile without values', () => {
    expect(quantileOf(new Map(), 0.5)).toBeNull();
  });
});
