import 'reflect-metadata';
import { createApiApplication, stopApiApplication } from './api-application.js';
import { readConfig } from './platform/config/environment.js';
import { listenFault } from './platform/config/listen-fault.js';
import { failToStart } from './platform/fail-to-start.js';
import { HealthService } from './platform/health/health.service.js';
import { collectEarly } from './platform/heap.js';
import { createAccessLog } from './platform/logging/access-log.js';
import { createLogger } from './platform/logging/logger.js';
import { endGracefully, type Running } from './platform/scheduling/process-lifetime.js';

/** The API process: HTTP only. It never processes a job. */
async function main(): Promise<void> {
  collectEarly();
  const config = readConfig();
  const logger = await createLogger(config, 'api');
  const running: Running = {};
  endGracefully(running, config.SHUTDOWN_GRACE_SECONDS * 1_000);
  const accessLog = await createAccessLog(config);
  const app = await createApiApplication(config, { logger, accessLog });
  running.leave = () => app.get(HealthService).stop();
  running.stop = () => stopApiApplication(app);
  const { HOST: host, PORT: port } = config;
  await app.listen(port, host).catch((error: unknown) => {
    throw listenFault(error, { host, port, portSetting: 'PORT' });
  });
  logger.log(`listening on ${await app.getUrl()}`, 'Api');
}

main().catch(failToStart);
