import type { NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express } from 'express';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';

/**
 * Express, whose requests and responses have its methods from birth. It would give them to each by changing its prototype,
 * and V8 keeps an object whose prototype was changed until the next full collection, with all that hangs on it: every answer
 * would be copied twice by young collections, and full ones come soon (5 ms every 0.2 s under load, instead of 0.3).
 */
export class HttpAdapter extends ExpressAdapter {
  override initHttpServer(nestOptions: NestApplicationOptions): void {
    super.initHttpServer(nestOptions);
    // A missing Host is refused in words, with all other faults of it: see request-head.ts.
    const options = { ...bearExpress(this.getInstance<Express>()), requireHostHeader: false };
    this.setHttpServer(createServer(options, this.getInstance<Express>()));
  }

  /** None of Nest's own, which knows no other methods of an address: what it does not route goes on in Express. */
  override setNotFoundHandler(): void {
    // Left out on purpose.
  }

  /** Methods that routes of Express, Nest's among them, take at this address. */
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

/** The classes of a server whose objects Express finds to have the right prototypes already. */
function bearExpress(app: Express) {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  Object.assign(app, { request: ExpressRequest.prototype, response: ExpressResponse.prototype });
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}
