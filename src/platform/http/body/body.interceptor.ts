import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { HTTP_CODE_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { IncomingMessage } from 'node:http';
import type { Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../access.js';
import { type Route, routeOf, type RouteStep } from '../route.js';
import { IDEMPOTENCY_KEY } from '../idempotency-key.js';
import { badRequest } from '../problem.js';
import { readJsonBody } from './body.js';
import { CONFIG, type Config } from '../../config/config.js';

/** On public routes the body is a credential itself: a key to sign in with, some dozen characters. */
const MAX_PUBLIC_BYTES = 8_192;

/** Makes of a request what its route gets as the body. */
export type BodyReader = (request: IncomingMessage, maxBytes: number) => Promise<unknown>;

const BODY_READER = 'tidemark:body-reader';

/** The route has no use for a request without a body, and has it read in this way. */
export const ReadBodyWith = (read: BodyReader) => SetMetadata(BODY_READER, read);

/**
 * Reads the body of routes that declare one. Nest runs interceptors after the guards, so no body is read, inflated or
 * parsed before the credential is checked and within its limit.
 */
@Injectable()
export class BodyInterceptor implements NestInterceptor, RouteStep {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  async intercept(context: ExecutionContext, next: CallHandler<unknown>): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    await this.before(routeOf(context), context.switchToHttp().getRequest<AuthenticatedRequest>());
    return next.handle();
  }

  async before(route: Route, request: AuthenticatedRequest): Promise<void> {
    refuseUnusedKey(route, request);
    if (!route.takes(RouteParamtypes.BODY)) return;
    const read = route.declared<BodyReader>(BODY_READER);
    if (read === undefined && !hasBody(request)) return;
    const maxBytes = request.principal === undefined ? MAX_PUBLIC_BYTES : this.config.MAX_BODY_BYTES;
    request.body = await (read ?? readJsonBody)(request, maxBytes);
  }
}

/** A client that sends the key relies on it, so a route that creates and does not use it says so. */
function refuseUnusedKey(route: Route, { headers, method, principal }: AuthenticatedRequest): void {
  if (headers['idempotency-key'] === undefined || method !== 'POST' || principal === undefined) return;
  const status = route.declared<number>(HTTP_CODE_METADATA) ?? 201;
  if (status === 200 || status === 204 || route.takes(RouteParamtypes.HEADERS)) return;
  throw badRequest('This route does not use Idempotency-Key: a request sent again would create again. Leave it out.', [
    { path: IDEMPOTENCY_KEY, message: 'is not used by this route' },
  ]);
}

/** Some routes work without a body. */
function hasBody({ headers }: AuthenticatedRequest): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
