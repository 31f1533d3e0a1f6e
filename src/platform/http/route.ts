import type { ExecutionContext, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { Response } from 'express';
import type { AuthenticatedRequest } from './access.js';

type Handler = (...parameters: never[]) => unknown;

/**
 * One method of a controller, and what its decorators say. They are read once: reflection costs a microsecond each
 * time.
 */
export class Route {
  private readonly declarations = new Map<string, unknown>();
  private readonly kinds: ReadonlySet<string>;

  private constructor(
    readonly controller: Type,
    readonly handler: Handler,
  ) {
    // Nest keeps the parameters of a method under names like `4:1`: kind and position.
    const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler.name) as object | undefined;
    this.kinds = new Set(Object.keys(parameters ?? {}).map((key) => key.split(':', 1)[0]!));
  }

  /** The same object each time. */
  static of(controller: Type, handler: Handler): Route {
    let routes = ROUTES.get(controller);
    if (routes === undefined) ROUTES.set(controller, (routes = new WeakMap()));
    let route = routes.get(handler);
    if (route === undefined) routes.set(handler, (route = new Route(controller, handler)));
    return route;
  }

  /** What a decorator declared under `key`: at the method, or else at its class. */
  declared<T>(key: string): T | undefined {
    if (!this.declarations.has(key)) {
      const own: unknown = Reflect.getMetadata(key, this.handler);
      this.declarations.set(key, own ?? Reflect.getMetadata(key, this.controller));
    }
    return this.declarations.get(key) as T | undefined;
  }

  /** Whether the method has a parameter of this kind. */
  takes(kind: RouteParamtypes): boolean {
    return this.kinds.has(String(kind));
  }
}

const ROUTES = new WeakMap<Type, WeakMap<Handler, Route>>();

/** The route that Nest is about to call. */
export function routeOf(context: ExecutionContext): Route {
  return Route.of(context.getClass(), context.getHandler() as Handler);
}

/**
 * A step on the way of every request to the method of its route. Nest takes it as a guard or an interceptor, the fast
 * path without Nest; so what a step does is here and nowhere else.
 */
export interface RouteStep {
  /** @throws Problem to refuse the request */
  before(route: Route, request: AuthenticatedRequest, response: Response): Promise<void> | void;
  /** Once the method has returned, before its answer is sent. */
  after?(route: Route, request: AuthenticatedRequest, response: Response): Promise<void> | void;
}
