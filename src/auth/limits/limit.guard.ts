import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerOptions,
  type ThrottlerRequest,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import type { Response } from 'express';
import { callerOf, NEEDS_SHARED_LIMITS } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { RateLimiter } from './rate-limiter.js';
import { setLimitHeaders, takeRequest } from './request-limit.js';

/**
 * The request limit of the caller's key and tenant, on every route and message that has a caller. Runs after AuthGuard.
 */
@Injectable()
export class LimitGuard extends ThrottlerGuard {
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
    return callerOf(context) === undefined;
  }

  /**
   * One count per key, whatever the route, as on the ingest routes: the throttler's storage knows no limit over several
   * keys.
   */
  protected override async handleRequest({ context }: ThrottlerRequest): Promise<boolean> {
    const isRequest = context.getType() === 'http'; // the answer to a message has no headers
    await takeRequest(this.limiter, limitedCaller(context), (state) => {
      if (isRequest) setLimitHeaders(context.switchToHttp().getResponse<Response>(), state);
    });
    return true;
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
