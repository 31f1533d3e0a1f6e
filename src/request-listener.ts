import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response } from 'express';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ROUTE_STEPS } from './api.module.js';
import { describeCall, patternOf } from './audit/call-log/api-call.interceptor.js';
import { CallLog } from './audit/call-log/call-log.js';
import type { Config } from './platform/config/config.js';
import { HealthService } from './platform/health/health.service.js';
import type { AuthenticatedRequest } from './platform/http/access.js';
import { type Address, Addresses } from './platform/http/addresses.js';
import { ANY_ORIGIN, CorsPolicy, isPreflight, ORIGIN_REFUSED } from './platform/http/cors.js';
import type { HttpAdapter } from './platform/http/http-adapter.js';
import { adaptProblems, noteProblem, notedProblem, problemAnswerTo } from './platform/http/problem.filter.js';
import { forbidden, type Problem } from './platform/http/problem.js';
import { withinRequest } from './platform/http/request-context.js';
import { hostProblem, useOriginForm } from './platform/http/request-head.js';
import { requestId } from './platform/http/request-id.js';
import type { AccessLog } from './platform/logging/access-log.js';
import { redact } from './platform/logging/redact.js';
import { securityHeaders } from './platform/http/security-headers.js';
import { HttpMetrics } from './platform/metrics/http-metrics.js';
import { Tracing } from './platform/tracing/tracing.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

interface ListenerOptions {
  accessLog: AccessLog | null;
  /** False lets Express and Nest answer everything, for tests that compare the two ways. */
  fastPath: boolean;
}

/**
 * Takes every request first: what holds for all of them is done here, whichever way they go on, the fast path or
 * Socket.IO and Express. All requests are measured; calls below /api are logged, and those of SDKs.
 */
export class RequestListener {
  private readonly addresses: Addresses;
  private readonly callLog: CallLog;
  private readonly health: HealthService;
  private readonly metrics: HttpMetrics;
  private readonly tracing: Tracing;
  private readonly security = securityHeaders();
  /** For pages of any origin, at addresses that are for them. */
  private readonly openCors: CorsPolicy;
  private readonly listeners: readonly Listener[];

  constructor(
    private readonly app: NestExpressApplication,
    adapter: HttpAdapter,
    private readonly cors: CorsPolicy,
    config: Config,
    private readonly options: ListenerOptions,
  ) {
    const steps = ROUTE_STEPS.map((step) => app.get(step));
    this.addresses = new Addresses(adapter, (controller) => app.get<object>(controller), steps);
    this.callLog = app.get(CallLog);
    this.health = app.get(HealthService);
    this.metrics = app.get(HttpMetrics);
    this.tracing = app.get(Tracing);
    this.openCors = new CorsPolicy([ANY_ORIGIN], config.API_KEY_HEADERS);
    this.listeners = app.getHttpServer().listeners('request') as Listener[];
  }

  /** Puts itself in the place of those that listen now. */
  listen(): void {
    const server = this.app.getHttpServer();
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      withinRequest(request, () => {
        const take = () => this.take(request, response);
        if (this.tracing.isOn && isTraced(request)) {
          this.tracing.serve(request, response, () => routeOf(request), take);
        } else take();
      }),
    );
  }

  /** Ends the connection with a problem, before anything else has seen the request. */
  refuse(problem: Problem, request: IncomingMessage, response: ServerResponse): void {
    this.noteEnd(request, response, isLogged(request));
    const { status, headers, body, detail } = problemAnswerTo(request, problem);
    noteProblem(request, detail);
    response.setHeader('X-Request-Id', requestId(request));
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.writeHead(status, { ...headers, Connection: 'close' }).end(body);
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    useOriginForm(request);
    const address = this.addresses.at(request.url ?? '');
    if (this.options.accessLog !== null) this.logAccess(this.options.accessLog, request, response, address);
    const cors = address?.anyOrigin === true ? this.openCors : this.cors;
    this.setHeaders(request, response, address);
    cors.setHeaders(request, response);
    if (address?.adaptProblem !== undefined) adaptProblems(request, address.adaptProblem);
    if (address?.loggedPath !== undefined) this.callLog.callOf(request).path = address.loggedPath;
    const fault = hostProblem(request) ?? originProblem(request, cors);
    if (fault !== null) return this.refuse(fault, request, response);
    if (isPreflight(request)) {
      this.noteEnd(request, response, false);
      return cors.answerPreflight(response);
    }
    if (request.method === 'OPTIONS' && address?.anyOrigin === true) {
      this.noteEnd(request, response, false);
      response.setHeader('Allow', address.allow); // a page may ask what it may send without a preflight's headers
      return cors.answerPreflight(response);
    }
    const fast = this.options.fastPath ? address?.fast.get(request.method ?? '') : undefined;
    if (fast !== undefined) {
      this.callLog.callOf(request); // the clock starts here
      void fast.answer(request as AuthenticatedRequest, response as Response, this.onAnswer);
      return;
    }
    this.noteEnd(request, response, address !== undefined || isLogged(request));
    for (const listener of this.listeners) listener.call(this.app.getHttpServer(), request, response);
  }

  private setHeaders(request: IncomingMessage, response: ServerResponse, address: Address | undefined): void {
    const { url = '' } = request;
    if (this.health.stopping) response.setHeader('Connection', 'close');
    response.setHeader('X-Request-Id', requestId(request));
    if (url.startsWith(SOCKET_IO)) return; // a page of another origin may load its client from here
    for (const [name, value] of this.security) response.setHeader(name, value);
    if (address?.anyOrigin === true) response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (address !== undefined || isOfApi(request)) response.setHeader('Cache-Control', 'no-store');
  }

  private readonly onAnswer = (
    request: AuthenticatedRequest,
    status: number,
    bytes: number,
    problem: string | null,
  ): void => {
    const call = describeCall(this.callLog, request);
    this.metrics.observe(request.method, call.route, status, call.elapsedMs);
    this.callLog.finish(call, status, bytes, problem);
  };

  /** Once for each request, whichever way it goes. */
  private logAccess(log: AccessLog, request: IncomingMessage, response: ServerResponse, address?: Address): void {
    const start = performance.now();
    const { method = '', url = '' } = request; // Express changes the address while it routes
    response.once('close', () => {
      const { principal, route: matched } = request as Matched;
      const route = matched?.path;
      const path = address?.loggedPath ?? redact(url.split('?', 1)[0]!);
      log.write({
        request_id: requestId(request),
        method,
        ...(typeof route === 'string' ? { route } : { route: null, path: path.slice(0, MAX_PATH) }),
        status: response.statusCode,
        ms: Math.round((performance.now() - start) * 1_000) / 1_000,
        bytes: lengthOf(response),
        key: principal?.keyName ?? null,
        tenant_id: principal?.tenantId ?? null,
      });
    });
  }

  private noteEnd(request: IncomingMessage, response: ServerResponse, isLogged: boolean): void {
    const since = performance.now();
    if (isLogged) this.callLog.callOf(request); // the clock starts here
    response.once('close', () => {
      this.metrics.observe(request.method ?? '', routeOf(request), response.statusCode, performance.now() - since);
      if (!isLogged) return;
      const call = describeCall(this.callLog, request as AuthenticatedRequest);
      this.callLog.finish(call, response.statusCode, lengthOf(response), notedProblem(request));
    });
  }
}

type Matched = Partial<Pick<AuthenticatedRequest, 'principal'>> & { route?: { path?: unknown } };

const SOCKET_IO = '/socket.io/';
const MAX_PATH = 512;

function lengthOf(response: ServerResponse): number | null {
  const bytes = Number(response.getHeader('content-length'));
  return Number.isInteger(bytes) ? bytes : null;
}

/** The pattern of the route that took the request; Socket.IO is no route of Express. */
const routeOf = (request: IncomingMessage) =>
  request.url?.startsWith(SOCKET_IO) === true ? SOCKET_IO : patternOf(request);

const isOfApi = ({ url = '' }: IncomingMessage) => /^\/api(?:[/?]|$)/i.test(url);
/** What monitors ask for every few seconds would hide the rest. */
const isTraced = (request: IncomingMessage) => isLogged(request) && !/^\/api\/v1\/health\b/i.test(request.url ?? '');
const isLogged = ({ url = '' }: IncomingMessage) => /^\/(?:api|v1)\//i.test(url);

/** What is wrong with a preflight request of a page that may not call this address. */
function originProblem(request: IncomingMessage, cors: CorsPolicy): Problem | null {
  if (!isPreflight(request) || cors.allows(request.headers.origin ?? '')) return null;
  return forbidden(ORIGIN_REFUSED);
}
