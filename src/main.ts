import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { createApiApplication, stopApiApplication } from './api-application.js';
import { loadConfig } from './platform/config/config.js';
import { createLogger } from './platform/logging/logger.js';
import { endGracefully, failToStart } from './platform/scheduling/process-lifetime.js';

/**
 * By default V8 lets the heap grow to several times the objects in use before it collects, and an export would take 170
 * to 330 MB more than the process at rest. So it collects when the heap has doubled.
 */
setFlagsFromString('--heap-growing-percent=100');

/** The API process: HTTP only. It never processes a job. */
async function main(): Promise<void> {
  const config = loadConfig();
  const logger = await createLogger(config, 'api');
  const running: { stop?: () => Promise<void> } = {};
  endGracefully(async () => running.stop?.());
  const app = await createApiApplication(config, { logger });
  running.stop = () => stopApiApplication(app);
  await app.listen(config.PORT, config.HOST);
  logger.log(`listening on ${await app.getUrl()}`, 'Api');
}

main().catch(failToStart);
