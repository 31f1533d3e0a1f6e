import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { drain } from '../../platform/scheduling/drain.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
import { DeadLetterRetrier } from './dead-letter-retrier.js';

const DEAD_LETTERS_PER_STEP = 500;

/**
 * Retries dead letters when they are due. A plain timer in every worker: a schedule kept in the queue would be lost
 * with the queue. With any number of workers, the first one tries a dead letter, which is then no longer due.
 */
@Injectable()
export class RetrySchedule {
  private readonly logger = new Logger(RetrySchedule.name);

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly retrier: DeadLetterRetrier,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'dead-letters',
      schedule: { pauseMs: config.FAILED_RETRY_SECONDS * 1_000 },
      run: (signal) => this.retryDue(signal),
      onError: (error) => this.logger.warn(`retry of failed events: ${error.message}`),
    });
  }

  /** Goes on until nothing is due, or what is due belongs to other workers. */
  async retryDue(signal: AbortSignal): Promise<void> {
    await drain(signal, async () => {
      const { retried, processed } = await this.retrier.retryDue(DEAD_LETTERS_PER_STEP);
      if (retried > 0) this.logger.log(`retried ${retried} failed events, ${processed} of them are processed now`);
      return retried > 0;
    });
  }
}
