import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../access.js';
import { readJsonBody } from './body.js';
import { CONFIG, type Config } from '../../config/config.js';

/** Where nobody has shown a credential yet, the body is one: a key to sign in with, some dozen characters. */
const MAX_PUBLIC_BYTES = 8_192;

/**
 * Reads the body of routes that declare one. Nest runs interceptors after the guards, so nobody's body is read, inflated
 * or parsed before the credential is known and within its limit.
 */
@Injectable()
export class BodyInterceptor implements NestInterceptor {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async intercept(context: ExecutionContext, next: CallHandler<unknown>): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (declaresParameter(context, RouteParamtypes.BODY) && hasBody(request)) {
      const maxBytes = request.principal === undefined ? MAX_PUBLIC_BYTES : this.config.MAX_BODY_BYTES;
      request.body = await readJsonBody(request, maxBytes);
    }
    return next.handle();
  }
}

/** Some routes do without one. */
function hasBody({ headers }: AuthenticatedRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Nest keeps the parameters of a method under names like `4:1`: kind and position. */
export function declaresParameter(context: ExecutionContext, kind: RouteParamtypes): boolean {
  const { name } = context.getHandler();
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), name) as object | undefined;
  return Object.keys(parameters ?? {}).some((key) => key.startsWith(`${kind}:`));
}
