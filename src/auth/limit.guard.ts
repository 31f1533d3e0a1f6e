import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
  type ThrottlerOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { Response } from 'express';
import { type AuthenticatedRequest, NEEDS_SHARED_LIMITS } from '../platform/access.js';
import { limitKey, RateLimiter, tooManyRequests } from './rate-limiter.js';

/** The request limit of the caller's key, on every route that has a caller. Runs after AuthGuard. */
@Injectable()
export class LimitGuard extends ThrottlerGuard {
  protected override headerPrefix = 'RateLimit';

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly limiter: RateLimiter,
  ) {
    super(options, storage, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.get(NEEDS_SHARED_LIMITS, context.getHandler()) === true) this.limiter.requireShared();
    return super.canActivate(context);
  }

  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return requestOf(context).principal === undefined;
  }

  protected override async getTracker(request: AuthenticatedRequest): Promise<string> {
    return limitKey(request.principal!); // shouldSkip has let it through
  }

  /** One count per key, whatever the route. */
  protected override generateKey(_context: ExecutionContext, tracker: string): string {
    return tracker;
  }

  protected override async throwThrottlingException(
    context: ExecutionContext,
    detail: ThrottlerLimitDetail,
  ): Promise<void> {
    const response = context.switchToHttp().getResponse<Response>();
    response.setHeader('RateLimit-Limit', detail.limit);
    response.setHeader('RateLimit-Remaining', 0);
    response.setHeader('RateLimit-Reset', detail.timeToExpire);
    throw tooManyRequests(
      `This key may send ${detail.limit} requests per ${detail.ttl / 1_000} s.`,
      detail.timeToBlockExpire * 1_000,
    );
  }
}

/** Limit and window come from the key; its storage is LimitStorage. */
export const THROTTLERS: ThrottlerOptions[] = [
  {
    name: 'default',
    limit: (context) => requestOf(context).principal!.rateLimit,
    ttl: (context) => requestOf(context).principal!.rateWindowSeconds * 1_000,
  },
];

function requestOf(context: ExecutionContext): AuthenticatedRequest {
  return context.switchToHttp().getRequest<AuthenticatedRequest>();
}
