import type { ServerResponse } from 'node:http';
import type { Principal } from '../../platform/http/principal.js';
import { type RateLimiter, type RequestState, tooManyRequests } from './rate-limiter.js';

/** Counts one request of `principal`. @throws Problem 429 after `onState` has seen the state */
export async function takeRequest(
  limiter: RateLimiter,
  principal: Principal,
  onState: (state: RequestState) => void,
): Promise<void> {
  const state = await limiter.takeRequest(principal);
  onState(state);
  if (state.allowed) return;
  const rate = `${state.limit} requests per ${state.windowMs / 1_000} s`;
  const sentence = state.isCeiling
    ? `All keys of this tenant together may send ${rate}.`
    : `This key may send ${rate}.`;
  throw tooManyRequests(sentence, state.retryMs);
}

export function setLimitHeaders(response: ServerResponse, { limit, used, resetMs, allowed }: RequestState): void {
  response.setHeader('RateLimit-Limit', limit);
  response.setHeader('RateLimit-Remaining', allowed ? Math.max(0, limit - used) : 0);
  response.setHeader('RateLimit-Reset', Math.ceil(resetMs / 1_000));
}
