import type { IncomingMessage } from 'node:http';
import { redact } from '../logging/redact.js';
import { RequestNote } from './request-note.js';
import { uuid7 } from '../database/uuid7.js';

const WELL_FORMED = /^[A-Za-z0-9._:-]{1,128}$/;
const IDS = new RequestNote<string>();

/**
 * The request's own `X-Request-Id` when it is well-formed and not a credential, else a new one; the same on every call.
 */
export function requestId(request: IncomingMessage): string {
  let id = IDS.get(request);
  if (id === undefined) {
    const given = request.headers['x-request-id'];
    id = typeof given === 'string' && WELL_FORMED.test(given) && redact(given) === given ? given : uuid7();
    IDS.set(request, id);
  }
  return id;
}
