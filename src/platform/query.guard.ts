import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { AuthenticatedRequest } from './access.js';
import { refuseUnknownParameters } from './problem.js';

/**
 * Refuses any parameter on routes that declare no query; the others are checked by the validation pipe. Runs after the
 * guards of credential and limit. Public routes are for probes, and those below /v1 for SDKs, which add what they like.
 */
@Injectable()
export class QueryGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { originalUrl, principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (principal !== undefined && /^\/api\//i.test(originalUrl) && !declaresQuery(context)) {
      refuseUnknownParameters(originalUrl);
    }
    return true;
  }
}

/** Nest keeps the parameters of a method under names like `4:1`: kind and position. */
function declaresQuery(context: ExecutionContext): boolean {
  const { name } = context.getHandler();
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), name) as object | undefined;
  return Object.keys(parameters ?? {}).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
}
