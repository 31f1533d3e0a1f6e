import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { checkCheckpointLog } from './audit/transparency-log/audit-sealer.js';
import { checkKeyFiles } from './audit/transparency-log/signing-key.js';
import { readConfig } from './platform/config/environment.js';
import { listenFault } from './platform/config/listen-fault.js';
import { failToStart } from './platform/fail-to-start.js';
import { HealthService } from './platform/health/health.service.js';
import { collectEarly } from './platform/heap.js';
import { createLogger } from './platform/logging/logger.js';
import { endGracefully, type Running } from './platform/scheduling/process-lifetime.js';
import { Metrics } from './platform/metrics/metrics.js';
import { serveWorkerHealth } from './platform/health/worker-health.js';
import { WorkerModule } from './worker.module.js';

/** The worker process: jobs, the poller and the schedules. Any number may run. */
async function main(): Promise<void> {
  collectEarly();
  const config = readConfig();
  checkKeyFiles(config);
  await checkCheckpointLog(config);
  const logger = await createLogger(config, 'worker');
  const running: Running = {};
  endGracefully(running);
  const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(config), { logger, abortOnError: false });
  const health = app.get(HealthService);
  running.stop = async () => {
    health.stop();
    await app.close();
  };
  const { HOST: host, WORKER_HEALTH_PORT: port } = config;
  await serveWorkerHealth(health, app.get(Metrics), config).catch((error: unknown) => {
    throw listenFault(error, { host, port, portSetting: 'WORKER_HEALTH_PORT' });
  });
  logger.log('working', 'Worker');
  process.send?.('ready');
}

main().catch(failToStart);
