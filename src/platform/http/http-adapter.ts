import { type NestApplicationOptions, StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { writeJson } from '../json/json-text.js';

/**
 * Express with requests and responses that are created with its methods. By itself Express gives them to each object by
 * changing its prototype. V8 keeps such an object until the next full collection, with all that it refers to: young
 * collections would copy every answer twice, and full ones would come soon (5 ms every 0.2 s under load, instead of
 * 0.3).
 */
export class HttpAdapter extends ExpressAdapter {
  override initHttpServer(nestOptions: NestApplicationOptions): void {
    super.initHttpServer(nestOptions);
    // A missing Host is refused with a problem, like all other faults of it: see request-head.ts.
    const options = { ...bearExpress(this.getInstance<Express>()), requireHostHeader: false };
    this.setHttpServer(createServer(options, this.getInstance<Express>()));
  }

  /**
   * Not Nest's own, which does not know the other methods of an address: requests that Nest does not route go on in
   * Express.
   */
  override setNotFoundHandler(): void {
    // Empty on purpose.
  }

  /** Answers that are objects are JSON with all digits of its numbers. */
  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    const isJson = typeof body === 'object' && body !== null && !(body instanceof StreamableFile);
    if (!isJson) return super.reply(response, body, statusCode) as unknown;
    if (statusCode !== undefined) response.status(statusCode);
    return response.type('application/json').send(writeJson(body));
  }

  private known: { layers: number; routes: readonly ExpressRoute[] } = { layers: 0, routes: [] };

  /** The routes of Express, Nest's among them, in the order in which they are asked. */
  routes(): readonly ExpressRoute[] {
    const { stack } = this.getInstance<Express>().router as unknown as { stack: Layer[] };
    if (this.known.layers !== stack.length) this.known = { layers: stack.length, routes: stack.flatMap(toRoute) };
    return this.known.routes;
  }

  /** Methods that routes take at this address. */
  methodsAt(path: string): string[] {
    return this.routes().flatMap((route) => (route.match(path) ? route.methods : []));
  }

  /** The route that Express would ask first. */
  routeOf(method: string, path: string): ExpressRoute | undefined {
    return this.routes().find((route) => route.methods.includes(method) && route.match(path));
  }
}

export interface ExpressRoute {
  /** As it was declared, with its prefix and parameters. */
  path: string;
  /** In lower case. */
  methods: string[];
  /** What Nest has registered; it has the metadata of the controller's method. */
  handler: object;
  /** @throws Error for an address at this route with a parameter that cannot be decoded */
  match(path: string): boolean;
}

/** An entry of Express' router. */
interface Layer {
  route?: { path: string; methods: Record<string, boolean>; stack: { handle: object }[] };
  match(path: string): object | false;
}

/** None for middleware, which has no methods. */
function toRoute(layer: Layer): ExpressRoute[] {
  const { route } = layer;
  const handler = route?.stack.at(-1)?.handle;
  if (route === undefined || handler === undefined) return [];
  const methods = Object.keys(route.methods);
  return [{ path: route.path, methods, handler, match: (path: string) => layer.match(path) !== false }];
}

/** Classes for a server whose objects already have the prototypes that Express would set. */
function bearExpress(app: Express) {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  Object.assign(app, { request: ExpressRequest.prototype, response: ExpressResponse.prototype });
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}
