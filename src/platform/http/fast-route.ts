import type { ExecutionContext, Type } from '@nestjs/common';
import {
  CUSTOM_ROUTE_ARGS_METADATA,
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  HTTP_CODE_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { Response } from 'express';
import type { AuthenticatedRequest } from './access.js';
import type { FastPathMark } from './fast-path.js';
import type { ExpressRoute } from './http-adapter.js';
import { writeJson } from '../json/json-text.js';
import { sendProblem } from './problem.filter.js';
import { Route, type RouteStep } from './route.js';

type Method = (...parameters: unknown[]) => unknown;
type Parameter = (request: AuthenticatedRequest, context: ExecutionContext) => unknown;

/** Hears of each answer as it is sent: status, length and, of a problem, its sentence. */
export type OnAnswer = (request: AuthenticatedRequest, status: number, bytes: number, problem: string | null) => void;

/** One route as the fast path answers it: the same steps, the same method and the same answer as Nest's. */
export class FastRoute {
  private readonly route: Route;
  private readonly method: Method;
  private readonly parameters: readonly Parameter[];
  private readonly status: number;

  constructor(
    { controller, method }: FastPathMark,
    private readonly express: ExpressRoute,
    private readonly instance: object,
    private readonly steps: readonly RouteStep[],
  ) {
    this.method = (instance as Record<string, Method>)[method]!; // the decorator stands at it
    this.route = Route.of(controller, this.method);
    const name = `${controller.name}.${method}`;
    refuseOwnSteps(name, controller, this.method);
    this.parameters = readParameters(name, controller, method);
    const status: unknown = Reflect.getMetadata(HTTP_CODE_METADATA, this.method);
    if (typeof status !== 'number') throw new Error(`${name} is on the fast path, so declare its @HttpCode.`);
    this.status = status;
  }

  /** Never rejects. */
  async answer(request: AuthenticatedRequest, response: Response, onAnswer: OnAnswer): Promise<void> {
    request.originalUrl = request.url; // both as Express leaves them
    request.route = this.express;
    try {
      const body = writeJson(await this.run(request, response));
      const bytes = Buffer.byteLength(body);
      onAnswer(request, this.status, bytes, null);
      if (response.destroyed || response.headersSent) return;
      response.writeHead(this.status, { 'Content-Type': JSON_TYPE, 'Content-Length': bytes }).end(body);
    } catch (thrown) {
      const { status, body, detail } = sendProblem(thrown, request, response);
      onAnswer(request, status, Buffer.byteLength(body), detail);
    }
  }

  private async run(request: AuthenticatedRequest, response: Response): Promise<unknown> {
    for (const step of this.steps) {
      const running = step.before(this.route, request, response);
      if (running !== undefined) await running;
    }
    const context = new ExecutionContextHost([request, response], this.route.controller, this.method);
    const parameters = this.parameters.map((parameter) => parameter(request, context));
    const result = await this.method.apply(this.instance, parameters);
    for (const step of this.steps) await step.after?.(this.route, request, response);
    return result;
  }
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Steps of one route alone would be taken by Nest and not here. */
function refuseOwnSteps(name: string, controller: Type, method: Method): void {
  for (const key of [GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA, EXCEPTION_FILTERS_METADATA]) {
    if (Reflect.hasMetadata(key, method) || Reflect.hasMetadata(key, controller)) {
      throw new Error(`${name} is on the fast path, which knows no ${key.replace(/__/g, '')} of one route.`);
    }
  }
}

interface DeclaredParameter {
  index: number;
  data?: unknown;
  pipes?: unknown[];
  factory?: (data: unknown, context: ExecutionContext) => unknown;
}

/** How to fill the parameters of a method, by what their decorators say. */
function readParameters(name: string, controller: Type, method: string): Parameter[] {
  const declared = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<
    string,
    DeclaredParameter
  >;
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, method) ?? []) as unknown[];
  const parameters: Parameter[] = [];
  for (const [key, parameter] of Object.entries(declared)) {
    const kind = key.split(':', 1)[0]!;
    const isBody = kind === String(RouteParamtypes.BODY);
    if ((parameter.pipes ?? []).length > 0 || (isBody && types[parameter.index] !== Object)) {
      throw new Error(`${name} is on the fast path, so its parameters are unknown or checked by no pipe.`);
    }
    parameters[parameter.index] = readParameter(name, kind, parameter);
  }
  return parameters;
}

function readParameter(name: string, kind: string, { data, factory }: DeclaredParameter): Parameter {
  if (kind.endsWith(CUSTOM_ROUTE_ARGS_METADATA) && factory !== undefined) {
    return (_request, context) => factory(data, context);
  }
  if (kind === String(RouteParamtypes.BODY) && data === undefined) return (request) => request.body as unknown;
  if (kind === String(RouteParamtypes.REQUEST)) return (request) => request;
  if (kind === String(RouteParamtypes.HEADERS) && typeof data === 'string') {
    return (request) => request.headers[data.toLowerCase()];
  }
  throw new Error(`${name} is on the fast path, which fills no parameter of the kind ${kind}.`);
}
