import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { allows, type Principal } from '../../platform/http/principal.js';
import { Problem, unavailable } from '../../platform/http/problem.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { isReady, openRedis, type RetryRules, type RedisClient } from '../../platform/redis/redis-client.js';
import { RedisWindow } from './redis-window.js';
import {
  type Limit,
  type LimitsState,
  type LimitState,
  MemoryFixedWindow,
  MemorySlidingWindow,
  type WindowStore,
} from './window.js';

/** A request does not wait for Redis: it is then counted here. */
const RETRIES: RetryRules = {
  reconnects: true,
  commandTimeout: 250,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  enableAutoPipelining: true,
};

/** The limit that an answer reports: that of the key, unless the ceiling of the tenant refuses the request. */
export interface RequestState extends LimitState {
  limit: number;
  windowMs: number;
  isCeiling: boolean;
}

/**
 * Limits per key: requests, and events for keys that have an event limit; and one over all keys of a tenant. Shared by
 * all processes through Redis; without Redis, and while it is away, each process counts for itself with its share of
 * the limit.
 */
@Injectable()
export class RateLimiter implements OnApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(RateLimiter.name));
  private readonly local: WindowStore;
  private readonly redis: RedisClient | undefined;
  private readonly shared: WindowStore | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    const algorithm = config.RATE_LIMIT_ALGORITHM;
    this.local = algorithm === 'sliding' ? new MemorySlidingWindow() : new MemoryFixedWindow();
    const { REDIS_URL, REDIS_CA_FILE } = config;
    if (REDIS_URL === undefined) return;
    this.redis = openRedis({ REDIS_URL, REDIS_CA_FILE }, RETRIES);
    this.redis.on('error', () => undefined); // every command that fails reports itself
    this.shared = new RedisWindow(this.redis, algorithm);
  }

  /** Counts `cost` towards `limit` per `windowMs` of `key`. Never rejects. */
  async take(key: string, cost: number, limit: number, windowMs: number): Promise<LimitState> {
    return this.takeAll(cost, [{ key, limit, windowMs }]);
  }

  /**
   * Counts one request towards the limit of the caller's key and the ceiling of its tenant, or towards neither. Never
   * rejects.
   */
  async takeRequest(principal: Principal): Promise<RequestState> {
    const { rateLimit, rateWindowSeconds } = principal;
    const limits: [Limit, ...Limit[]] = [
      { key: limitKey(principal), limit: rateLimit, windowMs: rateWindowSeconds * 1_000 },
    ];
    const ceiling = this.ceilingOf(principal);
    if (ceiling !== null) limits.push(ceiling);
    const state = await this.takeAll(1, limits);
    const { limit, windowMs } = limits[state.index]!;
    return { ...state, limit, windowMs, isCeiling: state.index > 0 };
  }

  /** Platform keys have none: an operator must be able to act on a tenant that floods. */
  private ceilingOf({ tenantId, scopes }: Principal): Limit | null {
    const { TENANT_RATE_LIMIT: limit, RATE_LIMIT_WINDOW_SECONDS: seconds } = this.config;
    if (limit === undefined || allows(scopes, 'platform')) return null;
    return { key: `${tenantId}/tenant`, limit, windowMs: seconds * 1_000 };
  }

  private async takeAll(cost: number, limits: readonly [Limit, ...Limit[]]): Promise<LimitsState> {
    if (this.shared === undefined) return this.local.takeAll(cost, limits);
    try {
      return await this.shared.takeAll(cost, limits);
    } catch (error) {
      this.warning.warn(`Redis is away, each process limits for itself: ${(error as Error).message}`);
      const share = (limit: Limit) => ({ ...limit, limit: Math.ceil(limit.limit / this.config.API_REPLICAS) });
      const [key, ...others] = limits;
      return this.local.takeAll(cost, [share(key), ...others.map(share)]);
    }
  }

  /**
   * Counts events towards the key's event limit, if it has one.
   * @throws Problem 429 when they do not fit
   */
  async takeEvents(principal: Principal, events: number): Promise<void> {
    const { eventLimit } = principal;
    if (eventLimit === null) return;
    const state = await this.take(
      `${limitKey(principal)}:events`,
      events,
      eventLimit,
      principal.rateWindowSeconds * 1_000,
    );
    if (!state.allowed) {
      throw tooManyRequests(
        `This key may send ${eventLimit} events per ${principal.rateWindowSeconds} s.`,
        state.retryMs,
      );
    }
  }

  /** For acts that must not exceed a limit while Redis, and with it the shared count, is away. @throws Problem 503 */
  requireShared(): void {
    if (this.redis !== undefined && !isReady(this.redis)) {
      throw unavailable('Keys cannot be created while the shared rate limits are not reachable. Try again shortly.', 5);
    }
  }

  onApplicationShutdown(): void {
    this.redis?.disconnect();
  }
}

/**
 * The name under which a caller's requests are counted: the key, also when a token or a session stands for it. It
 * shares a hash tag with the names of its tenant, so that one script counts them together. Platform keys act for many
 * tenants and are counted once.
 */
export function limitKey({ keyId, tenantId, scopes }: Principal): string {
  if (keyId === null) return 'configured';
  return allows(scopes, 'platform') ? keyId : `${tenantId}/${keyId}`;
}

export function tooManyRequests(sentence: string, retryMs: number): Problem {
  const seconds = Math.max(1, Math.ceil(retryMs / 1_000));
  return new Problem(429, `${sentence} Try again in ${seconds} s.`, { kind: 'rate-limit', retryAfterSeconds: seconds });
}
