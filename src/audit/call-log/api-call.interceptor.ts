import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { mergeMap, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../../platform/http/access.js';
import type { OpenCall } from './api-call.js';
import { CallLog } from './call-log.js';
import { setCurrentCall } from './current-call.js';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A call that may have changed something is in the call log before it is answered. */
@Injectable()
export class ApiCallInterceptor implements NestInterceptor {
  constructor(private readonly callLog: CallLog) {}

  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (READS.has(request.method)) return next.handle();
    const { statusCode } = context.switchToHttp().getResponse<Response>();
    const call = describeCall(this.callLog, request);
    setCurrentCall(request, call);
    return next.handle().pipe(
      mergeMap(async (body) => {
        if (!call.recorded) await this.callLog.write(call, statusCode);
        return body;
      }),
    );
  }
}

/** The open call with what Express and the guards know by now. */
export function describeCall(callLog: CallLog, request: AuthenticatedRequest): OpenCall {
  const call = callLog.callOf(request);
  call.principal = request.principal;
  const route = (request.route as { path?: unknown } | undefined)?.path;
  call.route = typeof route === 'string' ? route : null;
  return call;
}
