import type { IncomingMessage } from 'node:http';

/**
 * What we know of a request, in a property of the request. A WeakMap would not do: collections of young objects keep
 * what an old WeakMap holds, so each request and its answer would stay until the next full collection.
 */
export class RequestNote<T> {
  private readonly key = Symbol();

  get(request: IncomingMessage): T | undefined {
    return (request as Noted<T>)[this.key];
  }

  set(request: IncomingMessage, value: T): void {
    (request as Noted<T>)[this.key] = value;
  }
}

type Noted<T> = IncomingMessage & { [note: symbol]: T | undefined };
