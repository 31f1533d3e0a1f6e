import type { IncomingMessage } from 'node:http';
import type { Authenticate } from '../../auth/auth.guard.js';
import type { AuthService } from '../../auth/auth.service.js';
import { readBasicUser } from '../../auth/credentials.js';
import { readBytes, requireCharset } from '../../platform/http/body/body.js';
import type { BodyReader } from '../../platform/http/body/body.interceptor.js';
import { findMemberText } from '../../platform/http/body/json-scan.js';
import { parseJson } from '../../platform/http/body/json.js';
import { badRequest, Problem } from '../../platform/http/problem.js';
import { RequestNote } from '../../platform/http/request-note.js';

/** What may be inflated and looked through for a key; SDKs fill a batch to 500 KB. */
const KEYLESS = { maxBytes: 524_288, freeBytes: 65_536 };

/** Bodies that were read to find the key in them. */
const READ = new RequestNote<Buffer>();

/** A credential in a header is checked before the body is read; only without one does the body's write key count. */
export const authenticateSegment: Authenticate = async (auth, request, needed) => {
  const user = readBasicUser(request);
  if (user !== null) return auth.authenticateWith(user, request, needed);
  const key = auth.hasCredential(request) ? null : await findWriteKey(auth, request);
  return key === null ? auth.authenticate(request, needed) : auth.authenticateWith(key, request, needed);
};

/** The key is found in the bytes and checked; only then is the rest looked at. */
async function findWriteKey(auth: AuthService, request: IncomingMessage): Promise<string | null> {
  try {
    READ.set(request, await readAny(request, KEYLESS));
  } catch (error) {
    auth.noteFailure(request);
    throw error;
  }
  return findMemberText(READ.get(request)!, 'writeKey') || null;
}

export const readSegmentBody: BodyReader = async (request, maxBytes) => {
  const body = await parseJson(READ.get(request) ?? (await readAny(request, { maxBytes })));
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('The body must be a JSON object.');
  }
  return body;
};

/** Whatever the media type: browsers say text/plain, because that needs no preflight. */
async function readAny(request: IncomingMessage, limits: { maxBytes: number; freeBytes?: number }): Promise<Buffer> {
  requireCharset(request, 'application/json');
  return readBytes(request, limits.maxBytes, limits.freeBytes);
}

const CODES: Record<number, string> = {
  400: 'invalid_request',
  401: 'invalid_credentials',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  429: 'rate_limited',
  503: 'unavailable',
};

/**
 * SDKs throw a batch away for good on 400 only, and send it again on most others: what can never succeed is 400 here.
 * They read `code` and `message`, and some the header X-RateLimit-Reset, which gets the seconds of Retry-After.
 */
export function inSegmentsWords({ status: given, detail, extras }: Problem): Problem {
  const status = [413, 415, 422].includes(given) ? 400 : given;
  const { retryAfterSeconds } = extras;
  const headers: Record<string, string> = { ...extras.headers };
  if (status === 429 && retryAfterSeconds !== undefined) headers['X-RateLimit-Reset'] = String(retryAfterSeconds);
  const members = { success: false, ...extras.members, code: CODES[status] ?? 'internal_error', message: detail };
  return new Problem(status, detail, { ...extras, headers, members });
}
