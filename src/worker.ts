import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { loadConfig } from './platform/config/config.js';
import { HealthService } from './platform/health/health.service.js';
import { createLogger } from './platform/logging/logger.js';
import { endGracefully, failToStart } from './platform/scheduling/process-lifetime.js';
import { serveWorkerHealth } from './platform/health/worker-health.js';
import { WorkerModule } from './worker.module.js';

/** The worker process: jobs, the poller and the schedules. Any number may run. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = await createLogger(config, 'worker');
  const running: { stop?: () => Promise<void> } = {};
  endGracefully(async () => running.stop?.());
  const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(config), { logger, abortOnError: false });
  const health = app.get(HealthService);
  running.stop = async () => {
    health.stop();
    await app.close();
  };
  await serveWorkerHealth(health, config.WORKER_HEALTH_PORT, config.HOST);
  logger.log('working', 'Worker');
  process.send?.('ready');
}

main().catch(failToStart);
