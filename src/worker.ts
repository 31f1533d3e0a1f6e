import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { loadConfig } from './platform/config.js';
import { HealthService } from './platform/health.service.js';
import { createLogger } from './platform/logger.js';
import { endGracefully, failToStart } from './platform/process-lifetime.js';
import { serveWorkerHealth } from './platform/worker-health.js';
import { WorkerModule } from './worker.module.js';

/** The worker process: jobs, the sweeper and the schedules. Any number may run. */
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
