import { createServer, type Server } from 'node:http';
import type { HealthService } from './health.service.js';

/** Probes of a process without HTTP API: /health/live and /health/ready. */
export async function serveWorkerHealth(health: HealthService, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify({ status: body })}\n`);
    if (request.url === '/health/live') answer(200, 'alive');
    else if (request.url === '/health/ready') {
      void health.isReady().then((ready) => answer(ready ? 200 : 503, ready ? 'ready' : 'not_ready')); // never rejects
    } else answer(404, 'not found');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}
