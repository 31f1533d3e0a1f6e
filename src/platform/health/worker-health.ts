import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Config } from '../config/config.js';
import { holdsToken } from '../metrics/metrics-token.js';
import type { Metrics } from '../metrics/metrics.js';
import type { HealthService } from './health.service.js';

type Settings = Pick<Config, 'HOST' | 'METRICS_TOKEN' | 'WORKER_HEALTH_PORT'>;

/** Of a process without HTTP API: the probes /health/live and /health/ready, and /metrics. */
export async function serveWorkerHealth(health: HealthService, metrics: Metrics, config: Settings): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url === '/health/live') answer(response, 200, 'alive');
    else if (request.url === '/health/ready') {
      void health.isReady().then((ready) => answer(response, ready ? 200 : 503, ready ? 'ready' : 'not_ready')); // never rejects
    } else if (request.url === '/metrics') {
      sendMetrics(request, response, metrics, config.METRICS_TOKEN).catch(() => answer(response, 500, 'failed'));
    } else answer(response, 404, 'not found');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.WORKER_HEALTH_PORT, config.HOST, resolve);
  });
  return server;
}

const answer = (response: ServerResponse, status: number, body: string) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify({ status: body })}\n`);

/** With the token, where one is set; without one only to this machine itself, and not by a proxy on it. */
async function sendMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: Metrics,
  token: string | undefined,
): Promise<void> {
  if (token !== undefined && !holdsToken(request, token)) {
    response.setHeader('WWW-Authenticate', 'Bearer');
    return void answer(response, 401, 'send METRICS_TOKEN as Authorization: Bearer');
  }
  if (token === undefined && !isLocal(request)) {
    return void answer(response, 403, 'set METRICS_TOKEN to read metrics from another machine');
  }
  response.writeHead(200, { 'Content-Type': metrics.contentType }).end(await metrics.scrape());
}

function isLocal({ socket, headers }: IncomingMessage): boolean {
  if (headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined) return false;
  return /^(::1$|127\.|::ffff:127\.)/.test(socket.remoteAddress ?? '');
}
