import type { IncomingMessage, ServerResponse } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { ApiModule } from './api.module.js';
import { describeCall } from './audit/call-log/api-call.interceptor.js';
import { CallLog } from './audit/call-log/call-log.js';
import { serveDashboard } from './dashboard-files/dashboard.js';
import { SegmentFastPath } from './events/segment/segment-fast-path.js';
import { IngestFastPath } from './events/api/ingest-fast-path.js';
import { SocketAdapter } from './metrics-gateway/socket.adapter.js';
import { drainConnections, trackConnections } from './platform/http/open-connections.js';
import { setPrefix, setUpOpenApi } from './openapi-document.js';
import type { AuthenticatedRequest } from './platform/http/access.js';
import { trustedProxies } from './platform/http/client-address.js';
import type { Config } from './platform/config/config.js';
import { CorsPolicy, isPreflight, ORIGIN_REFUSED } from './platform/http/cors.js';
import { HealthService } from './platform/health/health.service.js';
import { HttpAdapter } from './platform/http/http-adapter.js';
import { withinRequest } from './platform/http/request-context.js';
import type { NestLogger } from './platform/logging/logger.js';
import { forbidden, type Problem } from './platform/http/problem.js';
import { noteProblem, notedProblem, problemAnswer } from './platform/http/problem.filter.js';
import { hostProblem, useOriginForm } from './platform/http/request-head.js';
import { requestId } from './platform/http/request-id.js';
import { answerUnreadable } from './platform/http/unreadable-requests.js';
import { answerError, answerUnrouted } from './platform/http/unrouted-requests.js';
import { answerUpgrades } from './platform/http/upgrade-requests.js';

/** The API, complete and not yet listening: the same in production and in tests. */
export async function createApiApplication(config: Config, logger?: NestLogger): Promise<NestExpressApplication> {
  const adapter = new HttpAdapter();
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.forRoot(config), adapter, {
    abortOnError: false,
    bodyParser: false, // it would read before the guards; BodyInterceptor reads after them
    return503OnClosing: true,
    ...(logger === undefined ? { logger: ['error', 'warn'] } : { logger }),
  });
  app.set('trust proxy', trustedProxies(config.TRUST_PROXY));
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.disable('x-powered-by');
  setPrefix(app);
  app.use((request: Request, response: Response, next: NextFunction) => {
    response.setHeader('X-Request-Id', requestId(request));
    next();
  });
  // Whether there is TLS is the proxy's business, so nothing here may force a browser to it.
  app.use(
    helmet({
      strictTransportSecurity: false,
      contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
    }),
  );
  app.use(serveDashboard());
  const cors = new CorsPolicy(config.CORS_ORIGINS, config.API_KEY_HEADERS);
  app.useWebSocketAdapter(new SocketAdapter(app, cors));
  setUpOpenApi(app);
  await app.init();
  app.use(answerUnrouted(adapter));
  app.use(answerError);
  putFastPathsInFront(app, cors);
  answerUnreadable(app.getHttpServer());
  trackConnections(app.getHttpServer());
  setTimeouts(app);
  return app;
}

/**
 * Stops taking requests, answers those that are being worked on, commits what waits, and closes every connection to
 * the outside. Not ready from the first moment on. Connections that stand still are cut off after a while.
 */
export async function stopApiApplication(app: NestExpressApplication): Promise<void> {
  app.get(HealthService).stop();
  await app.close().finally(drainConnections(app.getHttpServer()));
}

/**
 * What holds for every request comes first, then the fast path; what that does not take goes on to Socket.IO and
 * Express. All calls below /api are logged.
 */
function putFastPathsInFront(app: NestExpressApplication, cors: CorsPolicy): void {
  const ingest = app.get(IngestFastPath);
  const segment = app.get(SegmentFastPath);
  const health = app.get(HealthService);
  const callLog = app.get(CallLog);
  const server = app.getHttpServer();
  const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (health.stopping) response.setHeader('Connection', 'close');
    useOriginForm(request);
    if (isOfApi(request)) response.setHeader('Cache-Control', 'no-store');
    cors.setHeaders(request, response);
    const fault = hostProblem(request);
    if (fault !== null) return refuse(callLog, fault, request, response);
    if (segment.take(request, response)) return;
    if (isPreflight(request)) {
      if (cors.allows(request.headers.origin ?? '')) return cors.answerPreflight(response);
      return refuse(callLog, forbidden(ORIGIN_REFUSED), request, response);
    }
    if (ingest.take(request, response)) return;
    if (isLogged(request)) logCall(callLog, request, response);
    for (const listener of listeners) listener.call(server, request, response);
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) =>
    withinRequest(request, () => answer(request, response)),
  );
  answerUpgrades(server, (problem, request, response) => refuse(callLog, problem, request, response));
}

const isOfApi = ({ url = '' }: IncomingMessage) => /^\/api(?:[/?]|$)/i.test(url);
const isLogged = ({ url = '' }: IncomingMessage) => /^\/(?:api|v1)\//i.test(url);

/** Ends the connection with a problem, before anything else has seen the request. */
function refuse(callLog: CallLog, problem: Problem, request: IncomingMessage, response: ServerResponse): void {
  if (isLogged(request)) logCall(callLog, request, response);
  const { status, headers, body, detail } = problemAnswer(problem, request.url ?? '/', requestId(request));
  noteProblem(request, detail);
  response.setHeader('X-Request-Id', requestId(request));
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status, { ...headers, Connection: 'close' }).end(body);
}

function logCall(callLog: CallLog, request: IncomingMessage, response: ServerResponse): void {
  callLog.callOf(request); // the clock starts here
  response.once('close', () => {
    const bytes = Number(response.getHeader('content-length'));
    const call = describeCall(callLog, request as AuthenticatedRequest);
    callLog.finish(call, response.statusCode, Number.isInteger(bytes) ? bytes : null, notedProblem(request));
  });
}

/**
 * Against clients that are slow on purpose; keep-alive outlives that of common proxies (60 s), so they never hit a
 * closing socket.
 */
function setTimeouts(app: NestExpressApplication): void {
  const server = app.getHttpServer();
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000;
}
