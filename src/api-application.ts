import type { IncomingMessage, ServerResponse } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { ApiModule } from './api.module.js';
import { describeCall } from './audit/api-call.interceptor.js';
import { ApiCallTrail } from './audit/api-call-trail.js';
import { SegmentLane } from './events/doors/segment-lane.js';
import { IngestLane } from './events/ingest-lane.js';
import { SocketAdapter } from './metrics-gateway/socket.adapter.js';
import { drainConnections, trackConnections } from './open-connections.js';
import { setPrefix, setUpOpenApi } from './openapi-document.js';
import type { AuthenticatedRequest } from './platform/access.js';
import { requireReadable } from './platform/body.js';
import { trustedProxies } from './platform/client-address.js';
import type { Config } from './platform/config.js';
import { HealthService } from './platform/health.service.js';
import { HttpAdapter } from './platform/http-adapter.js';
import type { NestLogger } from './platform/logger.js';
import { notFound } from './platform/problem.js';
import { noteProblem, notedProblem, problemAnswer } from './platform/problem.filter.js';
import { requestId } from './platform/request-id.js';
import { answerUnreadable } from './unreadable-requests.js';

/** The API, complete and not yet listening: the same in production and in tests. */
export async function createApiApplication(config: Config, logger?: NestLogger): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ApiModule.forRoot(config), new HttpAdapter(), {
    abortOnError: false,
    bodyParser: false,
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
  // A variable, because Nest's type leaves verify out; the parser itself knows it.
  const json = { limit: config.MAX_BODY_BYTES, strict: false, verify: requireReadable };
  app.useBodyParser('json', json);
  if (config.CORS_ORIGINS.length > 0) {
    app.enableCors({ origin: [...config.CORS_ORIGINS], exposedHeaders: ['X-Request-Id', 'Retry-After'] });
  }
  app.useWebSocketAdapter(new SocketAdapter(app, config));
  setUpOpenApi(app);
  await app.init();
  app.use(answerUnrouted);
  app.use(answerError);
  putLaneInFront(app);
  answerUnreadable(app.getHttpServer());
  trackConnections(app.getHttpServer());
  setTimeouts(app);
  return app;
}

/** Nest answers only below its prefix; the rest of the address space is ours too. */
function answerUnrouted(request: Request, response: Response): void {
  answerError(notFound('There is nothing at this address. /docs lists every route.'), request, response);
}

/** What Express itself cannot route, a malformed address for instance. Express knows error handlers by their four parameters. */
function answerError(thrown: unknown, request: Request, response: Response, _next?: NextFunction): void {
  const { status, headers, body, detail } = problemAnswer(thrown, request.originalUrl, requestId(request));
  noteProblem(request, detail);
  response.status(status).set(headers).end(body);
}

/**
 * Stops taking requests, answers those that are being worked on, commits what waits, and closes every connection to
 * the outside. Not ready from the first moment on. Connections that stand still are cut off after a while.
 */
export async function stopApiApplication(app: NestExpressApplication): Promise<void> {
  app.get(HealthService).stop();
  await app.close().finally(drainConnections(app.getHttpServer()));
}

/** An address may be whole, as proxies are asked (RFC 9112, 3.2.2): Express routes it by its path. */
const LEAVES_TRAIL = /^(?:https?:\/\/[^/]*)?\/(api|v1)\//i;

/** Requests reach the ingest lane first; what it does not take goes on to Socket.IO and Express. All calls below /api leave a trail. */
function putLaneInFront(app: NestExpressApplication): void {
  const lane = app.get(IngestLane);
  const segment = app.get(SegmentLane);
  const health = app.get(HealthService);
  const trail = app.get(ApiCallTrail);
  const server = app.getHttpServer();
  const listeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (health.stopping) response.setHeader('Connection', 'close');
    if (lane.take(request, response) || segment.take(request, response)) return;
    if (LEAVES_TRAIL.test(request.url ?? '')) leaveTrail(trail, request, response);
    for (const listener of listeners) listener.call(server, request, response);
  });
}

function leaveTrail(trail: ApiCallTrail, request: IncomingMessage, response: ServerResponse): void {
  trail.callOf(request); // the clock starts here
  response.once('close', () => {
    const bytes = Number(response.getHeader('content-length'));
    const call = describeCall(trail, request as AuthenticatedRequest);
    trail.finish(call, response.statusCode, Number.isInteger(bytes) ? bytes : null, notedProblem(request));
  });
}

/** Against clients that are slow on purpose; keep-alive outlives that of common proxies (60 s), so they never hit a closing socket. */
function setTimeouts(app: NestExpressApplication): void {
  const server = app.getHttpServer();
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000;
}
