import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Repeating } from '../../platform/scheduling/repeating.js';
import { DeadLetterRetrier } from './dead-letter-retrier.js';

const DEAD_LETTERS_PER_STEP = 500;

/**
 * Retries dead letters when they are due. A plain timer in every worker: a schedule kept in the queue would be lost
 * with the queue. With any number of workers, the first one tries a dead letter, which is then no longer due.
 */
@Injectable()
export class RetrySchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RetrySchedule.name);
  private stopping = false;
  private readonly repeating: Repeating;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly retrier: DeadLetterRetrier,
  ) {
    this.repeating = new Repeating(
      config.FAILED_RETRY_SECONDS * 1_000,
      () => this.retryDue(),
      (error) => this.logger.warn(`retry of failed events: ${error.message}`),
    );
  }

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.repeating.stop();
  }

  /** Repeats until nothing is due, or other workers hold what is due. */
  async retryDue(): Promise<void> {
    for (let retried = 1; retried > 0 && !this.stopping;) {
      const result = await this.retrier.retryDue(DEAD_LETTERS_PER_STEP);
      ({ retried } = result);
      if (retried > 0)
        this.logger.log(`retried ${retried} failed events, ${result.processed} of them are processed now`);
    }
  }
}
