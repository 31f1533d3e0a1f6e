import { MINUTE_MS } from '../../platform/time/time.js';

/**
 * How far the time of recording may run backwards along the leaves: clocks of several machines differ, and an entry
 * gets its time before its transaction commits.
 */
export const CLOCK_TOLERANCE_MS = 5 * MINUTE_MS;

/** Follows the times of recording in the order of the leaves. */
export class RecordingClock {
  /** @param until the latest time so far; null where nothing is known */
  constructor(public until: number | null = null) {}

  /** @returns whether this time lies further back than the tolerance; what follows is then compared with it */
  runsBack(time: number): boolean {
    const back = this.until !== null && time < this.until - CLOCK_TOLERANCE_MS;
    this.until = back ? time : Math.max(this.until ?? time, time);
    return back;
  }
}
