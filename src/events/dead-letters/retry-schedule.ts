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
 * Tries dead letters again when their time has come. A plain timer in every worker: a schedule kept in the queue would be
 * lost with it. However many workers there are, a dead letter is tried by the first of them and then not due any more.
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

  /** Goes on until nothing is due, or what is due belongs to other workers. */
  async retryDue(): Promise<void> {
    for (let retried = 1; retried > 0 && !this.stopping;) {
      const result = await this.retrier.retryDue(DEAD_LETTERS_PER_STEP);
      ({ retried } = result);
      if (retried > 0)
        this.logger.log(`retried ${retried} failed events, ${result.processed} of them are processed now`);
    }
  }
}
