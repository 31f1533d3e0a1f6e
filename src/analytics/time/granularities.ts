import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../platform/time/time.js';

export type Granularity = 'day' | 'hour' | 'minute';
/** Events are counted in one granularity more, so that an answer is summed up from fewer rows at its edges. */
export type CountGranularity = Granularity | 'ten_minutes';

/** Lengths of the buckets of rollups, longest first. */
export const GRANULARITY_MS: Readonly<Record<CountGranularity, number>> = {
  day: DAY_MS,
  hour: HOUR_MS,
  ten_minutes: 10 * MINUTE_MS,
  minute: MINUTE_MS,
};

export const GRANULARITIES: readonly Granularity[] = ['day', 'hour', 'minute'];
export const COUNT_GRANULARITIES: readonly CountGranularity[] = ['day', 'hour', 'ten_minutes', 'minute'];

/** SQL for the start of the bucket in which a time lies. */
export function startOfBucket(granularity: CountGranularity, time: string): string {
  return `date_bin('${GRANULARITY_MS[granularity] / MINUTE_MS} minutes', ${time}, timestamptz '1970-01-01 00:00Z')`;
}
