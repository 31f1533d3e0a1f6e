import type { PackedMarks } from './funnel-marks.js';
import { eachUser, type Marks } from './user-marks.js';

const NONE = new Float64Array();

/**
 * The times of the deepest chain of steps of one user, the earliest of several; empty without a first step.
 * The next step is always the earliest after the one before: that reaches every depth as early as can be. Later starts never
 * lead to earlier steps, so each list is walked once.
 */
export function deepestChain(steps: Marks, window: number): number[] {
  const places = steps.map(() => 0);
  let best: number[] = [];
  for (const start of steps[0] ?? []) {
    const chain = [start];
    for (let step = 1; step < steps.length; step++) {
      const next = firstAfter(steps, places, step, chain[step - 1] ?? start);
      if (next === undefined || next > start + window) break;
      chain.push(next);
    }
    if (chain.length > best.length) best = chain;
    if (best.length === steps.length) break;
  }
  return best;
}

function firstAfter(steps: Marks, places: number[], step: number, time: number): number | undefined {
  const times = steps[step] ?? NONE;
  let place = places[step] ?? 0;
  while (place < times.length && (times[place] ?? 0) <= time) place++;
  places[step] = place;
  return times[place];
}

/**
 * How many users reached each step, and the median time it took them from the step before, in seconds.
 *
 * @param types of the marks
 * @param steps for each step the place of its type in `types`
 */
export async function countChains(
  packed: readonly PackedMarks[],
  types: number,
  steps: readonly number[],
  windowS: number,
) {
  const reached = steps.map((): number[] => []);
  await eachUser(packed, types, (marks) => {
    const chain = deepestChain(
      steps.map((type) => marks[type] ?? NONE),
      windowS * 1e6,
    );
    chain.forEach((time, k) => reached[k]?.push(time - (chain[k - 1] ?? time)));
  });
  return reached.map((taken, k) => ({
    k: k + 1,
    users: taken.length,
    median_s: k === 0 ? null : median(Float64Array.from(taken).sort()),
  }));
}

/** @returns seconds; null of none */
function median(sorted: Float64Array): number | null {
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? null : (low + high) / 2 / 1e6;
}
