import type { IncomingMessage } from 'node:http';
import { KEY_PARAMETER } from '../platform/http/principal.js';
import { unauthorized } from '../platform/http/problem.js';

/** Where a request may carry its credential, besides X-API-Key and Authorization. */
export interface CredentialSources {
  /** Lower-case names of further headers. */
  readonly headers: readonly string[];
  /** Whether `?api_key=` counts; never in production, where URLs end up in logs. */
  readonly queryParameter: boolean;
}

/**
 * The one credential of a request, or null when it has none. The first source that holds something decides; when its
 * value is wrong, no other source is tried.
 */
export function readCredential(request: IncomingMessage, sources: CredentialSources): string | null {
  const apiKey = request.headers['x-api-key'];
  if (typeof apiKey === 'string' && apiKey !== '') return apiKey.trim();
  const { authorization } = request.headers;
  if (authorization !== undefined && authorization !== '') return readBearer(authorization);
  for (const name of sources.headers) {
    const value = request.headers[name];
    if (typeof value === 'string' && value !== '') return value.trim();
  }
  return sources.queryParameter ? readQuery(request.url ?? '') : null;
}

function readBearer(authorization: string): string {
  const match = /^Bearer +(\S+)$/i.exec(authorization);
  if (match?.[1] === undefined) throw unauthorized('Authorization must be "Bearer <API key>".');
  return match[1];
}

function readQuery(url: string): string | null {
  const start = url.indexOf('?');
  return start < 0 ? null : new URLSearchParams(url.slice(start)).get(KEY_PARAMETER);
}

/**
 * The user name of HTTP Basic authentication, which is where Segment's SDKs put their write key; null when there is
 * none. Only their routes use it, so that a password saved in a browser does not count elsewhere.
 */
export function readBasicUser(request: IncomingMessage): string | null {
  const match = /^Basic +([A-Za-z0-9+/_-]+=*) *$/i.exec(request.headers.authorization ?? '');
  if (match?.[1] === undefined) return null;
  const user = Buffer.from(match[1], 'base64').toString('latin1').split(':', 1)[0];
  return user === undefined || user === '' ? null : user;
}
