import type { Type } from '@nestjs/common';
import { ADDRESS_RULES, type AddressRules, FAST_PATH, type FastPathMark } from './fast-path.js';
import { FastRoute } from './fast-route.js';
import type { ExpressRoute, HttpAdapter } from './http-adapter.js';
import type { RouteStep } from './route.js';
import { allowOf } from './unrouted-requests.js';

/** What is known of an address before a route has the request. */
export interface Address extends AddressRules {
  /** The header Allow. */
  readonly allow: string;
  /** By method, those that the fast path answers. */
  readonly fast: ReadonlyMap<string, FastRoute>;
}

/**
 * Addresses of routes that are on the fast path or have rules of their own, made from what Nest has registered at
 * Express: there is no second list of them.
 */
export class Addresses {
  private readonly exact = new Map<string, Address>();
  /** With parameters in them. */
  private readonly patterns: { route: ExpressRoute; address: Address }[] = [];

  /**
   * @param find the controller of a class
   * @param steps those that Nest takes on all routes, in its order
   */
  constructor(
    private readonly adapter: HttpAdapter,
    private readonly find: (controller: Type) => object,
    private readonly steps: readonly RouteStep[],
  ) {
    for (const route of adapter.routes()) {
      const mark = Reflect.getMetadata(FAST_PATH, route.handler) as FastPathMark | undefined;
      const rules = Reflect.getMetadata(ADDRESS_RULES, route.handler) as AddressRules | undefined;
      if (mark !== undefined || rules !== undefined) this.add(route, mark, rules);
    }
  }

  /** Express knows no case and takes one slash at the end; what is spelled otherwise is left to it. */
  at(url: string): Address | undefined {
    const path = pathOf(url).toLowerCase();
    return this.exact.get(path) ?? this.patterns.find(({ route }) => matches(route, url))?.address;
  }

  private add(route: ExpressRoute, mark?: FastPathMark, rules?: AddressRules): void {
    const path = route.path.toLowerCase();
    const isPattern = /[:*{(\\]/.test(path);
    const fast = new Map(isPattern ? [] : this.exact.get(path)?.fast);
    if (mark !== undefined) {
      if (isPattern) throw new Error(`${route.path} is on the fast path, so it must have no parameters.`);
      for (const method of route.methods) {
        if (this.adapter.routeOf(method, path)?.handler !== route.handler) {
          throw new Error(`${route.path} is on the fast path, but another route takes ${method} there first.`);
        }
        fast.set(method.toUpperCase(), new FastRoute(mark, route, this.find(mark.controller), this.steps));
      }
    }
    const known = isPattern ? undefined : this.exact.get(path);
    const address = { ...known, ...rules, allow: allowOf(this.adapter.methodsAt(path)), fast };
    if (isPattern) this.patterns.push({ route, address });
    else this.exact.set(path, address);
  }
}

/** Path without query and without a slash at the end. */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

function matches(route: ExpressRoute, url: string): boolean {
  try {
    return route.match(url.split('?', 1)[0] ?? '');
  } catch {
    return true; // at this address, with a parameter that cannot be decoded: Express says so
  }
}
