import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Queue } from 'bullmq';
import { ApiModule } from './api.module.js';
import { AuthService } from './auth/auth.service.js';
import { RateLimiter } from './auth/limits/rate-limiter.js';
import { serveDashboard } from './dashboard-files/dashboard.js';
import { ALL_QUEUES } from './events/processing/queue-status.service.js';
import { SocketAdapter } from './metrics-gateway/socket.adapter.js';
import { setPrefix, setUpOpenApi } from './openapi-document.js';
import type { Config } from './platform/config/config.js';
import { HealthService } from './platform/health/health.service.js';
import { trustedProxies } from './platform/http/client-address.js';
import { CorsPolicy } from './platform/http/cors.js';
import { HttpAdapter } from './platform/http/http-adapter.js';
import { drainConnections, trackConnections } from './platform/http/open-connections.js';
import { answerUnreadable } from './platform/http/unreadable-requests.js';
import { answerError, answerUnrouted } from './platform/http/unrouted-requests.js';
import { answerUpgrades } from './platform/http/upgrade-requests.js';
import type { AccessLog } from './platform/logging/access-log.js';
import type { NestLogger } from './platform/logging/logger.js';
import { QUEUE_BOARD, serveQueueBoard } from './queue-board/queue-board.js';
import { RequestListener } from './request-listener.js';

interface ApiOptions {
  logger?: NestLogger | undefined;
  accessLog?: AccessLog | null;
  /** Without it Express and Nest answer everything, for tests that compare the two ways. */
  fastPath?: boolean;
}

/** The API, complete and not yet listening: the same in production and in tests. */
export async function createApiApplication(
  config: Config,
  { logger, accessLog = null, fastPath = true }: ApiOptions = {},
): Promise<NestExpressApplication> {
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
  app.use(serveDashboard());
  app.use(
    QUEUE_BOARD,
    serveQueueBoard({
      queues: app.get<Queue[]>(ALL_QUEUES),
      auth: app.get(AuthService),
      limiter: app.get(RateLimiter),
    }),
  );
  const cors = new CorsPolicy(config.CORS_ORIGINS, config.API_KEY_HEADERS);
  app.useWebSocketAdapter(new SocketAdapter(app, cors));
  setUpOpenApi(app);
  await app.init();
  app.use(answerUnrouted(adapter));
  app.use(answerError);
  const listener = new RequestListener(app, adapter, cors, config, { accessLog, fastPath });
  listener.listen();
  answerUpgrades(app.getHttpServer(), (problem, request, response) => listener.refuse(problem, request, response));
  answerUnreadable(app.getHttpServer());
  trackConnections(app.getHttpServer());
  setTimeouts(app, config.KEEP_ALIVE_SECONDS);
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
 * Against clients that are slow on purpose. The time for headers begins with their first byte, so it may be shorter
 * than that of idle connections, which must outlive those of a proxy: it would send a request into a closing socket.
 */
function setTimeouts(app: NestExpressApplication, keepAliveSeconds: number): void {
  const server = app.getHttpServer();
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = keepAliveSeconds * 1_000;
}
