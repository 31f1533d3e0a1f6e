import { DAY_MS, HOUR_MS, MINUTE_MS } from '../platform/time.js';

export type Grain = 'day' | 'hour' | 'minute';
/** Events are counted in one grain more, so that an answer is summed up from fewer rows at its edges. */
export type CountGrain = Grain | 'ten_minutes';

/** Lengths of the buckets of rollups, longest first. */
export const GRAIN_MS: Readonly<Record<CountGrain, number>> = {
  day: DAY_MS,
  hour: HOUR_MS,
  ten_minutes: 10 * MINUTE_MS,
  minute: MINUTE_MS,
};

export const GRAINS: readonly Grain[] = ['day', 'hour', 'minute'];
export const COUNT_GRAINS: readonly CountGrain[] = ['day', 'hour', 'ten_minutes', 'minute'];

/** SQL for the start of the bucket in which a time lies. */
export function startOfBucket(grain: CountGrain, time: string): string {
  return `date_bin('${GRAIN_MS[grain] / MINUTE_MS} minutes', ${time}, timestamptz '1970-01-01 00:00Z')`;
}
