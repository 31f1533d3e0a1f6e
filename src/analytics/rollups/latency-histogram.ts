/**
 * Log-scaled histogram of latencies: bin i holds the values in (γ^(i-1), γ^i] milliseconds, so the middle of a bin is
 * within 1 % of each value in it, at any volume, and histograms merge by adding their counts.
 * This is DDSketch without bin collapsing (Masson, Rim, Lee: DDSketch, VLDB 2019). SQL computes the same bin
 * (analytics/rollups.repository.ts), so both take γ from here.
 */
const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
export const LN_GAMMA = Math.log(GAMMA);

/** Shorter latencies, in milliseconds, count as this one, which is below the resolution of the clocks. */
export const SHORTEST_MS = 0.01;

/** bin → number of values */
export type Histogram = ReadonlyMap<number, number>;

export function binOf(latencyMs: number): number {
  return Math.ceil(Math.log(Math.max(latencyMs, SHORTEST_MS)) / LN_GAMMA);
}

/** The value of a bin that is closest, relatively, to everything in it. */
function valueOf(bin: number): number {
  return (2 * GAMMA ** bin) / (GAMMA + 1);
}

/** The `quantile` (0 to 1) of the values, in milliseconds; null without values. */
export function quantileOf(histogram: Histogram, quantile: number): number | null {
  const bins = [...histogram].sort(([a], [b]) => a - b);
  const total = bins.reduce((sum, [, count]) => sum + count, 0);
  const rank = quantile * (total - 1);
  let seen = 0;
  for (const [bin, count] of bins) {
    seen += count;
    if (seen > rank) return valueOf(bin);
  }
  return null;
}

export function mergeHistograms(histograms: readonly Histogram[]): Histogram {
  const merged = new Map<number, number>();
  for (const histogram of histograms) {
    for (const [bin, count] of histogram) merged.set(bin, (merged.get(bin) ?? 0) + count);
  }
  return merged;
}
