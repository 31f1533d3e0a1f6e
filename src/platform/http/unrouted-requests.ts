import type { NextFunction, Request, Response } from 'express';
import type { HttpAdapter } from './http-adapter.js';
import { methodNotAllowed, notFound } from './problem.js';
import { sendProblem } from './problem.filter.js';

/**
 * Answers requests that no route took: 404, or 405 for an address with other methods; OPTIONS with the list of methods.
 * The list is made from the routes themselves.
 */
export function answerUnrouted(adapter: HttpAdapter) {
  return (request: Request, response: Response): void => {
    const methods = adapter.methodsAt(request.path);
    if (methods.length === 0) {
      sendProblem(notFound('There is nothing at this address. /docs lists every route.'), request, response);
      return;
    }
    const allow = allowOf(methods);
    if (request.method === 'OPTIONS') response.status(204).set('Allow', allow).end();
    else sendProblem(methodNotAllowed(request.method, allow), request, response);
  };
}

/** The header Allow (RFC 9110 §10.2.1). HEAD is GET without the content. */
export function allowOf(methods: readonly string[]): string {
  const names = new Set(methods.map((method) => method.toUpperCase()));
  if (names.has('GET')) names.add('HEAD');
  names.add('OPTIONS');
  return [...names].sort().join(', ');
}

/**
 * Errors of the router of Express itself, for example for a malformed address. Express recognises error handlers by
 * their four parameters.
 */
export function answerError(thrown: unknown, request: Request, response: Response, _next: NextFunction): void {
  sendProblem(thrown, request, response);
}
