import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { RequestNote } from '../../platform/http/request-note.js';
import type { OpenCall } from './api-call.js';

const CALLS = new RequestNote<OpenCall>();

/** Makes the call of a request available to its controller. */
export function setCurrentCall(request: Request, call: OpenCall): void {
  CALLS.set(request, call);
}

export function currentCall(request: Request): OpenCall | undefined {
  return CALLS.get(request);
}

/**
 * The call log's record of this request, so that a service writes it in the commit of what it did. Who takes it answers
 * for it: nothing is written once more for a call that changed nothing.
 */
export const CurrentCall = createParamDecorator((_data: unknown, context: ExecutionContext): OpenCall => {
  const call = currentCall(context.switchToHttp().getRequest<Request>());
  if (call === undefined) throw new Error('The interceptor of the call log has not run');
  call.isTaken = true;
  return call;
});
