import type { IncomingMessage } from 'node:http';
import { badRequest, type Problem } from './problem.js';

/** `uri-host [ ":" port ]` of RFC 3986; empty when the address has no host. */
const HOST = /^(?:\[[\dA-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\dA-Fa-f]{2})*)(?::\d*)?$/;

/**
 * Finds Host headers that RFC 9112 (3.2) tells servers to refuse: with two of them, or an ambiguous one, a proxy and
 * this server may mean different hosts. node:http keeps the first of several, so the raw headers are read.
 */
export function hostProblem({ rawHeaders, httpVersion }: IncomingMessage): Problem | null {
  let host: string | undefined;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n]!; // n is below the length
    if (name.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (host !== undefined) return badRequest('The request has more than one Host header. Send one.');
    host = rawHeaders[n + 1] ?? '';
  }
  if (host === undefined) {
    return httpVersion === '1.0' ? null : badRequest('The request has no Host header. Send the name of the host.');
  }
  return HOST.test(host) ? null : badRequest('The Host header is not a host name or address with an optional port.');
}

const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/** Reduces a target in the form for proxies (RFC 9112, 3.2.2), `GET http://host/path`, to its path. */
export function useOriginForm(request: IncomingMessage): void {
  const { url = '/' } = request;
  if (url.startsWith('/')) return;
  const path = url.replace(ABSOLUTE, '');
  if (path !== url) request.url = path.startsWith('/') ? path : `/${path}`;
}
