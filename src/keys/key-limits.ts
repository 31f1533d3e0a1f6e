import type { Config } from '../platform/config/config.js';
import { allows } from '../platform/http/principal.js';
import { forbidden, Problem } from '../platform/http/problem.js';
import type { ApiKey } from './api-key.entity.js';

type Limited = Pick<ApiKey, 'rateLimit' | 'rateWindowSeconds' | 'eventLimit'>;
type Limits = Pick<Config, 'RATE_LIMIT_REQUESTS' | 'RATE_LIMIT_WINDOW_SECONDS' | 'TENANT_RATE_LIMIT'>;

/**
 * @throws Problem 403 when `after` allows a key more than `before`, at once or in the long run: a shorter window allows
 *   more too
 */
export function refuseRaise(before: Limited, after: Limited, config: Limits): void {
  const [old, wanted] = [effective(before, config), effective(after, config)];
  const isMore = (from: number, to: number) => to > from || to * old.seconds > from * wanted.seconds;
  if (!isMore(old.requests, wanted.requests) && !isMore(old.events, wanted.events)) return;
  throw forbidden('A key cannot raise its own limits. Use another key of the scope admin.');
}

/** @throws Problem 422 when the key alone would be allowed more than all keys of its tenant together */
export function refuseAboveCeiling(key: Limited & Pick<ApiKey, 'scopes'>, config: Limits): void {
  const { TENANT_RATE_LIMIT: ceiling, RATE_LIMIT_WINDOW_SECONDS: window } = config;
  if (ceiling === undefined || allows(key.scopes, 'platform')) return;
  const { requests, seconds } = effective(key, config);
  if (requests * window <= ceiling * seconds) return;
  const message = `must not exceed the ceiling of the tenant, ${ceiling} requests per ${window} s`;
  throw new Problem(422, `rate_limit ${message}.`, { errors: [{ path: 'rate_limit', message }] });
}

function effective({ rateLimit, rateWindowSeconds, eventLimit }: Limited, config: Limits) {
  return {
    requests: rateLimit ?? config.RATE_LIMIT_REQUESTS,
    seconds: rateWindowSeconds ?? config.RATE_LIMIT_WINDOW_SECONDS,
    events: eventLimit ?? Infinity,
  };
}
