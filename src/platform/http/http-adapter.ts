import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';

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

  /** Methods that routes of Express accept at this address, those of Nest included. */
  methodsAt(path: string): string[] {
    const { stack } = this.getInstance<Express>().router as unknown as { stack: Layer[] };
    return stack.flatMap((layer) =>
      layer.route !== undefined && layer.match(path) ? Object.keys(layer.route.methods) : [],
    );
  }
}

/** An entry of Express' router. */
interface Layer {
  route?: { methods: Record<string, boolean> };
  match(path: string): boolean;
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
