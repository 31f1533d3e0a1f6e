import { Logger } from '@nestjs/common';

/**
 * Supervisors give ten seconds (Docker) or thirty (Kubernetes), and whoever restarts a fleet waits for each process.
 */
const DEADLINE_MS = 4_000;

/** What a process does when it is told to end; it fills in what it has started. */
export interface Running {
  /** Says to whoever asks that it wants no more requests. */
  leave?: () => void;
  stop?: () => Promise<void>;
}

/**
 * Ends the process in order: on SIGTERM, SIGINT or the death of the parent that started it, `stop` runs once and the
 * process exits 0; a bug that nobody caught exits 1 after the same. What takes longer than the deadline is cut off, a
 * transaction in a database that does not answer for instance. The exit code stays: whatever was acknowledged is
 * committed, and the rest is as after a kill, which loses nothing. To be called before anything is opened, so that a
 * process that still waits for its database ends too.
 * @param graceMs between `leave` and `stop` on SIGTERM, for load balancers to notice; a second signal ends it
 */
export function endGracefully(running: Running, graceMs = 0): void {
  const logger = new Logger('Process');
  let leaving = false;
  let ending = false;
  const stop = (code: number) => {
    setTimeout(() => {
      logger.warn(`not everything ended within ${DEADLINE_MS} ms; the rest is cut off`);
      process.exit(code);
    }, DEADLINE_MS).unref();
    Promise.resolve(running.stop?.()).then(
      () => process.exit(code),
      (error: Error) => {
        logger.error(error.stack ?? error.message);
        process.exit(1);
      },
    );
  };
  const end = (reason: string, code: number) => {
    if (ending) return;
    ending = true;
    logger.log(`stopping: ${reason}`);
    stop(code);
  };
  process.on('SIGTERM', () => {
    if (leaving || ending || graceMs === 0 || running.leave === undefined) return end('SIGTERM', 0);
    leaving = true;
    logger.log(`stopping in ${graceMs / 1_000} s: SIGTERM`);
    running.leave();
    setTimeout(() => end('SIGTERM', 0), graceMs);
  });
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
