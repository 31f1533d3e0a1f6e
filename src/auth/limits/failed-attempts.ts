import { Injectable } from '@nestjs/common';
import { networkOf } from '../../platform/http/client-address.js';
import { tooManyRequests } from './rate-limiter.js';
import { MemorySlidingWindow } from './window.js';

const FAILURES = 30;
const WINDOW_MS = 60_000;
/** Of so many networks the failures are known: beyond them the one that failed longest ago is forgotten. Some 20 MB. */
const MAX_NETWORKS = 100_000;

/**
 * Failed authentication per address (IPv6: per /64, which one subscriber has), in this process. Beyond 30 a minute the
 * answer is 429. It never blocks a genuine key, even from an address that others flood from.
 */
@Injectable()
export class FailedAttempts {
  private readonly window = new MemorySlidingWindow(undefined, MAX_NETWORKS);

  /** Counts a failure. @throws Problem 429 instead of the 401 when there were too many */
  note(address: string | null): void {
    const state = this.window.take(address === null ? 'unknown' : networkOf(address), 1, FAILURES, WINDOW_MS);
    if (!state.allowed) throw tooManyRequests('Too many failed attempts from your address.', state.retryMs);
  }
}
