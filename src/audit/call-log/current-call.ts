import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { RequestNote } from '../../platform/http/request-note.js';
import type { OpenCall } from './api-call.js';

const CALLS = new RequestNote<OpenCall>();

/** Makes the call of a request available to its controller. */
export function setCurrentCall(request: Request, call: OpenCall): void {
  CALLS.set(request, call);
}

/** The call log's record of this request, so that a service can write it in the commit of what it did. */
export const CurrentCall = createParamDecorator((_data: unknown, context: ExecutionContext): OpenCall => {
  const call = CALLS.get(context.switchToHttp().getRequest<Request>());
  if (call === undefined) throw new Error('The interceptor of the call log has not run');
  return call;
});
