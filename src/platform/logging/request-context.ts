import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { requestId } from '../http/request-id.js';
import { RequestNote } from '../http/request-note.js';

const current = new AsyncLocalStorage<IncomingMessage>();
const TENANTS = new RequestNote<string>();

/** Every line that is logged by `work`, and by what it waits for, tells which request it belongs to. */
export function withinRequest(request: IncomingMessage, work: () => void): void {
  current.run(request, work);
}

/** For work that a request starts and others share. */
export function outsideRequests<T>(work: () => T): T {
  return current.exit(work);
}

/** Known once the request has shown a credential. */
export function noteTenant(request: IncomingMessage, tenantId: string): void {
  TENANTS.set(request, tenantId);
}

/** Members of a log line. */
export function requestFields(): { request_id?: string; tenant_id?: string } {
  const request = current.getStore();
  if (request === undefined) return {};
  const tenantId = TENANTS.get(request);
  return { request_id: requestId(request), ...(tenantId === undefined ? {} : { tenant_id: tenantId }) };
}
