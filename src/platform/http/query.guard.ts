import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { AuthenticatedRequest } from './access.js';
import { declaresParameter } from './body/body.interceptor.js';
import { refuseUnknownParameters } from './problem.js';

/**
 * Refuses any parameter on routes that declare no query; the others are checked by the validation pipe. Runs after the
 * guards of credential and limit. Public routes are for probes, and those below /v1 for SDKs, which add what they like.
 */
@Injectable()
export class QueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const { originalUrl, principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (
      principal !== undefined &&
      /^\/api\//i.test(originalUrl) &&
      !declaresParameter(context, RouteParamtypes.QUERY)
    ) {
      refuseUnknownParameters(originalUrl);
    }
    return true;
  }
}
