import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { AuthenticatedRequest } from './access.js';
import { refuseUnknownParameters } from './problem.js';
import { type Route, routeOf, type RouteStep } from './route.js';

/**
 * Refuses any parameter on routes that declare no query; the others are checked by the validation pipe. Runs after the
 * guards of credential and limit. Not for public routes (probes add parameters) nor for those below /v1 (SDKs add
 * parameters).
 */
@Injectable()
export class QueryGuard implements CanActivate, RouteStep {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    this.before(routeOf(context), context.switchToHttp().getRequest<AuthenticatedRequest>());
    return true;
  }

  before(route: Route, { originalUrl, principal }: AuthenticatedRequest): void {
    if (principal === undefined || route.takes(RouteParamtypes.QUERY)) return;
    if (/^\/api\//i.test(originalUrl)) refuseUnknownParameters(originalUrl);
  }
}
