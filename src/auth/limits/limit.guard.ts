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
import { type AuthenticatedRequest, callerOf, NEEDS_SHARED_LIMITS } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { type Route, routeOf, type RouteStep } from '../../platform/http/route.js';
import { RateLimiter, type RequestState } from './rate-limiter.js';
import { setLimitHeaders, takeRequest } from './request-limit.js';

/**
 * The request limit of the caller's key and tenant, on every route and message that has a caller. Runs after AuthGuard.
 */
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
    const route = routeOf(context);
    if (context.getType() === 'ws') {
      await this.take(route, callerOf(context)); // the answer to a message has no headers
      return true;
    }
    const http = context.switchToHttp();
    await this.before(route, http.getRequest<AuthenticatedRequest>(), http.getResponse<Response>());
    return true;
  }

  async before(route: Route, { principal }: AuthenticatedRequest, response: Response): Promise<void> {
    await this.take(route, principal, (state) => setLimitHeaders(response, state));
  }

  /** One count per key, whatever the route: the throttler's storage knows no limit over several keys. */
  private async take(
    route: Route,
    caller: Principal | undefined,
    onState: (state: RequestState) => void = () => undefined,
  ): Promise<void> {
    if (route.declared(NEEDS_SHARED_LIMITS) === true) this.limiter.requireShared();
    if (caller !== undefined) await takeRequest(this.limiter, caller, onState);
  }
}

/** Limit and window come from the key. */
export const THROTTLERS: ThrottlerOptions[] = [
  {
    name: 'default',
    limit: (context) => limitedCaller(context).rateLimit,
    ttl: (context) => limitedCaller(context).rateWindowSeconds * 1_000,
  },
];

/** Of what the guard has not skipped. */
function limitedCaller(context: ExecutionContext): Principal {
  return callerOf(context)!;
}
