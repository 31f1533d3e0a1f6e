import type { IncomingMessage, ServerResponse } from 'node:http';

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';

/** Headers that pages may send. The wildcard stands for any other header except Authorization, which must be named. */
const REQUEST_HEADERS = [
  ...['Authorization', 'Content-Type', 'Content-Encoding', 'Idempotency-Key'],
  ...['X-API-Key', 'X-Tenant-Id', 'X-Request-Id', 'X-Retry-Count'],
];

/** Headers of an answer that pages may read. */
const RESPONSE_HEADERS = [
  ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'Retry-After', 'X-RateLimit-Reset'],
  ...['X-Request-Id', 'WWW-Authenticate', 'Allow', 'Content-Disposition'],
].join(', ');

const MAX_AGE_SECONDS = '86400';

/** Browsers hide it from the page, but show it in their developer tools. */
export const ORIGIN_REFUSED = 'This origin may not call this API. The operator lists origins in CORS_ORIGINS.';

/** Stands for every origin in a list of origins. */
export const ANY_ORIGIN = '*';

/**
 * Cross-origin resource sharing, for all that answers requests. Credentials are in headers that the page sets itself,
 * never in cookies, so Access-Control-Allow-Credentials is never sent.
 */
export class CorsPolicy {
  private readonly anyOrigin: boolean;
  private readonly requestHeaders: string;

  /** @param keyHeaders further headers that may carry an API key */
  constructor(
    private readonly origins: readonly string[],
    keyHeaders: readonly string[],
  ) {
    this.anyOrigin = origins.includes(ANY_ORIGIN);
    this.requestHeaders = [...REQUEST_HEADERS, ...keyHeaders, ANY_ORIGIN].join(', ');
  }

  allows(origin: string): boolean {
    return this.anyOrigin || this.origins.includes(origin);
  }

  /** Sets the headers that a browser must find on any answer, also on a problem. */
  setHeaders({ headers }: IncomingMessage, response: ServerResponse): void {
    if (this.origins.length === 0) return;
    if (this.anyOrigin) response.setHeader('Access-Control-Allow-Origin', ANY_ORIGIN);
    else {
      // On every answer: what a cache keeps for a page of one origin must not be given to a page of another.
      response.setHeader('Vary', 'Origin');
      if (headers.origin === undefined || !this.allows(headers.origin)) return;
      response.setHeader('Access-Control-Allow-Origin', headers.origin);
    }
    response.setHeader('Access-Control-Expose-Headers', RESPONSE_HEADERS);
  }

  /** What a page may send from an origin that is allowed, as the answer to a preflight request. */
  answerPreflight(response: ServerResponse): void {
    response.writeHead(204, {
      'Access-Control-Allow-Methods': METHODS,
      'Access-Control-Allow-Headers': this.requestHeaders,
      'Access-Control-Max-Age': MAX_AGE_SECONDS,
    });
    response.end();
  }
}

/** Whether the request is a preflight: a browser asks whether its page may send a request. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
