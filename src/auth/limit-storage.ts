import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { RateLimiter } from './rate-limiter.js';

type Record = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** @nestjs/throttler counts through the same limiter as the ingest lane. Its times are in seconds. */
@Injectable()
export class LimitStorage implements ThrottlerStorage {
  constructor(private readonly limiter: RateLimiter) {}

  async increment(key: string, ttl: number, limit: number): Promise<Record> {
    const state = await this.limiter.take(key, 1, limit, ttl);
    return {
      totalHits: state.used,
      timeToExpire: Math.ceil(state.resetMs / 1_000),
      isBlocked: !state.allowed,
      timeToBlockExpire: Math.max(state.allowed ? 0 : 1, Math.ceil(state.retryMs / 1_000)),
    };
  }
}
