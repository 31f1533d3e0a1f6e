import { CronTime } from 'cron';
import { DAY_MS, HOUR_MS } from '../../platform/time/time.js';

/** How far back is looked, ever further: cron can tell what comes next, not what was last. */
const LOOK_BACK_MS = [HOUR_MS, DAY_MS, 8 * DAY_MS, 32 * DAY_MS, 367 * DAY_MS, 8 * 366 * DAY_MS];

/**
 * The last moment at or before `now` at which a task was due, or null when it never was. Where clocks are put forward
 * over it, it is due at the first moment after; where they are put back, once.
 * @param cron minute, hour, day of month, month, day of week
 */
export function lastDue(cron: string, timeZone: string, now: Date): Date | null {
  const times = new CronTime(cron, timeZone);
  for (const backMs of LOOK_BACK_MS) {
    const last = lastBetween(times, timeZone, now.getTime() - backMs, now.getTime());
    if (last !== null) return new Date(last);
  }
  return null;
}

function lastBetween(times: CronTime, timeZone: string, from: number, to: number): number | null {
  let last: number | null = null;
  for (let at = from; ;) {
    const next = times.getNextDateFrom(new Date(at), timeZone).toMillis();
    if (next > to || next <= at) return last;
    last = next;
    at = next;
  }
}
