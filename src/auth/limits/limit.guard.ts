import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerOptions,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { Response } from 'express';
import { type AuthenticatedRequest, NEEDS_SHARED_LIMITS } from '../../platform/http/access.js';
import { type Route, routeOf, type RouteStep } from '../../platform/http/route.js';
import { RateLimiter } from './rate-limiter.js';
import { setLimitHeaders, takeRequest } from './request-limit.js';

/** The request limit of the caller's key and tenant, on every route that has a caller. Runs after AuthGuard. */
@Injectable()
export class LimitGuard extends ThrottlerGuard implements RouteStep {
  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly limiter: RateLimiter,
  ) {
    super(options, storage, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.before(routeOf(context), requestOf(context), context.switchToHttp().getResponse<Response>());
    return true;
  }

  /** One count per key, whatever the route: the throttler's storage knows no limit over several keys. */
  async before(route: Route, { principal }: AuthenticatedRequest, response: Response): Promise<void> {
    if (route.declared(NEEDS_SHARED_LIMITS) === true) this.limiter.requireShared();
    if (principal === undefined) return;
    await takeRequest(this.limiter, principal, (state) => setLimitHeaders(response, state));
  }
}

/** Limit and window come from the key. */
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
