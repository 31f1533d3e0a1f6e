import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import type { IncomingMessage } from 'node:http';
import { mergeMap, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../../platform/http/access.js';
import { type Route, routeOf, type RouteStep } from '../../platform/http/route.js';
import type { OpenCall } from './api-call.js';
import { CallLog } from './call-log.js';
import { currentCall, setCurrentCall } from './current-call.js';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A call that may have changed something is in the call log before it is answered. */
@Injectable()
export class ApiCallInterceptor implements NestInterceptor, RouteStep {
  constructor(private readonly callLog: CallLog) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    const [route, request] = [routeOf(context), http.getRequest<AuthenticatedRequest>()];
    this.before(route, request);
    if (READS.has(request.method)) return next.handle();
    return next.handle().pipe(
      mergeMap(async (body) => {
        await this.after(route, request, http.getResponse<Response>());
        return body;
      }),
    );
  }

  before(_route: Route, request: AuthenticatedRequest): void {
    if (!READS.has(request.method)) setCurrentCall(request, describeCall(this.callLog, request));
  }

  after(_route: Route, request: AuthenticatedRequest, { statusCode }: Response): Promise<void> | void {
    const call = currentCall(request);
    if (call === undefined || call.recorded || call.isTaken) return;
    return this.callLog.write(call, statusCode);
  }
}

/** The open call with what Express and the guards have found out so far. */
export function describeCall(callLog: CallLog, request: AuthenticatedRequest): OpenCall {
  const call = callLog.callOf(request);
  call.principal = request.principal;
  call.route = patternOf(request);
  return call;
}

/** The pattern of the route that Express or the fast path found, like `/api/v1/events/:id`. */
export function patternOf(request: IncomingMessage & { route?: unknown }): string | null {
  const pattern = (request.route as { path?: unknown } | undefined)?.path;
  return typeof pattern === 'string' ? pattern : null;
}
