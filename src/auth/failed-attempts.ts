import { Injectable } from '@nestjs/common';
import { tooManyRequests } from './rate-limiter.js';
import { MemorySlidingWindow } from './window.js';

const FAILURES = 30;
const WINDOW_MS = 60_000;

/**
 * Failed authentication per address, in this process. Beyond 30 a minute the answer is 429. It never stands in the way of a
 * genuine key: whoever has one gets through even from an address that others flood from.
 */
@Injectable()
export class FailedAttempts {
  private readonly window = new MemorySlidingWindow();

  /** Notes a failure. @throws Problem 429 instead of the 401 when there were too many */
  note(address: string): void {
    const state = this.window.take(address, 1, FAILURES, WINDOW_MS);
    if (!state.allowed) throw tooManyRequests('Too many failed attempts from your address.', state.retryMs);
  }
}
