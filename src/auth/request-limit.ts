import type { Principal } from '../platform/principal.js';
import { limitKey, type RateLimiter, tooManyRequests } from './rate-limiter.js';
import type { LimitState } from './window.js';

/** Counts one request of `principal`. @throws Problem 429 after `onState` has seen the state */
export async function takeRequest(
  limiter: RateLimiter,
  principal: Principal,
  onState: (state: LimitState) => void,
): Promise<void> {
  const { rateLimit, rateWindowSeconds } = principal;
  const state = await limiter.take(limitKey(principal), 1, rateLimit, rateWindowSeconds * 1_000);
  onState(state);
  if (!state.allowed) {
    throw tooManyRequests(`This key may send ${rateLimit} requests per ${rateWindowSeconds} s.`, state.retryMs);
  }
}
