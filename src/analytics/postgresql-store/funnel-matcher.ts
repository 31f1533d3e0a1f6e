import type { PackedTimelines } from './funnel-timelines.repository.js';
import { eachUser, type Timeline } from './user-timelines.js';

/**
 * Finds the deepest chain of steps of each user, without an object per user. The next step is always the earliest after
 * the one before: that reaches every depth as early as possible. Later starts never lead to earlier steps, so the times
 * of each step are walked once.
 */
class FunnelMatcher {
  /** The times of the chain that was found, the earliest of several of the same depth. */
  readonly times: Float64Array;
  private readonly chain: Float64Array;
  private readonly places: Uint32Array;

  /**
   * @param steps for each step the index of its type in the timeline
   * @param window between the first step and the last, in microseconds
   */
  constructor(
    private readonly steps: readonly number[],
    private readonly window: number,
  ) {
    this.times = new Float64Array(steps.length);
    this.chain = new Float64Array(steps.length);
    this.places = new Uint32Array(steps.length);
  }

  /** @returns how many steps it has; 0 without a first step */
  find(timeline: Timeline): number {
    const { steps, places } = this;
    for (let step = 0; step < steps.length; step++) places[step] = timeline.starts[steps[step] ?? 0] ?? 0;
    const last = timeline.ends[steps[0] ?? 0] ?? 0;
    let deepest = 0;
    for (let start = places[0] ?? 0; start < last && deepest < steps.length; start++) {
      const depth = this.follow(timeline, timeline.times[start] ?? 0);
      if (depth <= deepest) continue;
      deepest = depth;
      this.times.set(this.chain);
    }
    return deepest;
  }

  /** Writes its times to `chain`. @returns how many steps it has */
  private follow({ times, ends }: Timeline, start: number): number {
    const { steps, places, chain } = this;
    let time = start;
    chain[0] = start;
    for (let step = 1; step < steps.length; step++) {
      const end = ends[steps[step] ?? 0] ?? 0;
      let place = places[step] ?? 0;
      while (place < end && (times[place] ?? 0) <= time) place++;
      places[step] = place;
      if (place === end) return step;
      time = times[place] ?? 0;
      if (time > start + this.window) return step;
      chain[step] = time;
    }
    return steps.length;
  }
}

/**
 * How many users reached each step, and the median time it took them from the step before, in seconds.
 *
 * @param types of the timelines
 * @param steps for each step the index of its type in `types`
 */
export async function countFunnel(
  packed: AsyncIterable<PackedTimelines>,
  types: number,
  steps: readonly number[],
  windowS: number,
) {
  const users = steps.map(() => 0);
  const taken = steps.map((): number[] => []);
  const matcher = new FunnelMatcher(steps, windowS * 1e6);
  await eachUser(packed, types, (timeline) => {
    const depth = matcher.find(timeline);
    for (let k = 0; k < depth; k++) {
      users[k] = (users[k] ?? 0) + 1;
      if (k > 0) taken[k]?.push((matcher.times[k] ?? 0) - (matcher.times[k - 1] ?? 0));
    }
  });
  return steps.map((_, k) => ({
    k: k + 1,
    users: users[k] ?? 0,
    median_s: median(Float64Array.from(taken[k] ?? []).sort()),
  }));
}

/** @returns seconds; null when there are none */
function median(sorted: Float64Array): number | null {
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? null : (low + high) / 2 / 1e6;
}
