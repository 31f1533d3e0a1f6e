import type { IncomingMessage } from 'node:http';
import { withLogFields } from '../logging/log-context.js';
import { requestId } from './request-id.js';
import { RequestNote } from './request-note.js';

const TENANTS = new RequestNote<string>();

/** Every line that is logged by `work`, and by what it waits for, tells which request it belongs to. */
export function withinRequest(request: IncomingMessage, work: () => void): void {
  withLogFields(() => {
    const tenantId = TENANTS.get(request);
    return { request_id: requestId(request), ...(tenantId === undefined ? {} : { tenant_id: tenantId }) };
  }, work);
}

/** Known once the request has shown a credential. */
export function noteTenant(request: IncomingMessage, tenantId: string): void {
  TENANTS.set(request, tenantId);
}
