import { Logger } from '@nestjs/common';

/**
 * Supervisors give ten seconds (Docker) or thirty (Kubernetes), and whoever restarts a fleet waits for each process.
 */
const DEADLINE_MS = 4_000;

/**
 * Ends the process in order: on SIGTERM, SIGINT or the death of the parent that started it, `close` runs once and the
 * process exits 0; a bug that nobody caught exits 1 after the same. What takes longer than the deadline is cut off, a
 * transaction in a database that does not answer for instance. The exit code stays: whatever was acknowledged is
 * committed, and the rest is as after a kill, which loses nothing. To be called before anything is opened, so that a
 * process that still waits for its database ends too.
 */
export function endGracefully(close: () => Promise<void>): void {
  const logger = new Logger('Process');
  let ending = false;
  const end = (reason: string, code: number) => {
    if (ending) return;
    ending = true;
    logger.log(`stopping: ${reason}`);
    setTimeout(() => {
      logger.warn(`not everything ended within ${DEADLINE_MS} ms; the rest is cut off`);
      process.exit(code);
    }, DEADLINE_MS).unref();
    close().then(
      () => process.exit(code),
      (error: Error) => {
        logger.error(error.stack ?? error.message);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end('SIGTERM', 0));
  process.on('SIGINT', () => end('SIGINT', 0));
  process.on('disconnect', () => end('the parent process is gone', 0));
  process.on('uncaughtException', (error: Error) => {
    logger.error(error.stack ?? error.message);
    end('uncaught exception', 1);
  });
  process.on('unhandledRejection', (reason) => {
    logger.error(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
    end('unhandled rejection', 1);
  });
}
