import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { forbidden } from '../../platform/http/problem.js';

const NAME = 'tidemark_session';
/** Browsers accept a cookie of this name only from HTTPS, and from no other host of the domain. */
const SECURE_NAME = `__Host-${NAME}`;

/** Header that requests with the cookie must send, unless they only read. */
const CSRF_HEADER = 'x-csrf-token';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export const isSessionToken = (text: string) => /^[A-Za-z0-9_-]{43}$/.test(text);

/** The `Set-Cookie` that signs in: no script can read it, and no other site can make the browser send it. */
export function sessionCookie(token: string, maxAgeSeconds: number, isSecure: boolean): string {
  const name = isSecure ? SECURE_NAME : NAME;
  return `${name}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
}

/** The `Set-Cookie`s that sign out, whichever of them is there. */
export function expiredCookies(isSecure: boolean): string[] {
  return isSecure ? [sessionCookie('', 0, true), sessionCookie('', 0, false)] : [sessionCookie('', 0, false)];
}

/** The token in the cookie of `request`, or null. */
export function readSessionCookie(request: IncomingMessage): string | null {
  const { cookie } = request.headers;
  if (cookie === undefined) return null;
  const values = new Map(
    cookie.split(';').map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
  const token = values.get(SECURE_NAME) ?? values.get(NAME);
  return token === undefined || token === '' ? null : token;
}

/** What {@link CSRF_HEADER} must hold: bound to the session, and useless without its cookie. */
export function csrfToken(token: string): string {
  return createHash('sha256').update(`csrf:${token}`).digest('base64url');
}

/**
 * Whether a page of this very host sent the request. Browsers send Origin with everything but plain reads of the page
 * itself. Sockets open with a read, which neither CORS nor the CSRF header protects.
 */
export function isSameOrigin(request: IncomingMessage, host: string | undefined): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !SAFE_METHODS.has(request.method ?? '')) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** @throws Problem 403 for a write without the header */
export function requireCsrfToken(request: IncomingMessage, token: string): void {
  if (SAFE_METHODS.has(request.method ?? '')) return;
  const given = Buffer.from(String(request.headers[CSRF_HEADER] ?? ''));
  const wanted = Buffer.from(csrfToken(token));
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw forbidden(
    'With the session cookie, writes need the header X-CSRF-Token; GET /api/v1/auth/info tells its value.',
  );
}
