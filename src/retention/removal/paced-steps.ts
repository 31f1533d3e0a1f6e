import { setTimeout as sleep } from 'node:timers/promises';

export const MAX_STEP_ROWS = 10_000;
const FIRST_STEP_ROWS = 1_000;
/** Fewer would cost more to begin and to commit than to remove. */
const MIN_STEP_ROWS = 500;
/** A step that takes longer is followed by smaller ones. */
const TARGET_MS = 50;
/** How many times as long as the step itself the pause after it is. */
const PAUSE = 4;
const MAX_PAUSE_MS = 500;

/**
 * Goes through many rows in steps that are short and followed by a pause of four times as long, so that at most a fifth
 * of a core goes into it, and ingest waits for no step longer than about a tenth of a second.
 * @param step gets how many rows it may look at; returns whether there are more
 */
export async function inPacedSteps(signal: AbortSignal, step: (limit: number) => Promise<boolean>): Promise<void> {
  let limit = FIRST_STEP_ROWS;
  for (;;) {
    const began = performance.now();
    if (!(await step(Math.round(limit)))) return;
    const tookMs = performance.now() - began;
    limit = Math.min(MAX_STEP_ROWS, Math.max(MIN_STEP_ROWS, limit * Math.min(2, TARGET_MS / Math.max(1, tookMs))));
    await sleep(Math.min(MAX_PAUSE_MS, Math.max(1, PAUSE * tookMs)), undefined, { signal });
  }
}
