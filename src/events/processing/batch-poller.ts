import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Repeating } from '../../platform/scheduling/repeating.js';
import { BatchProcessingService } from './batch-processing.service.js';
import { BatchesRepository } from './batches.repository.js';

const PAUSE_MS = 2_000;
const OVERDUE_SECONDS = 5;
const BATCHES_PER_STEP = 20;

/**
 * Processes batches whose job is late or lost, straight from PostgreSQL. So losing the queue costs only seconds. A
 * plain timer, because a schedule kept in the queue would be lost with the queue.
 */
@Injectable()
export class BatchPoller implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(BatchPoller.name);
  private stopping = false;
  /** The first poll takes everything: after a crash of all workers there may be no job left to wait for. */
  private overdueSeconds = 0;
  private readonly repeating = new Repeating(
    PAUSE_MS,
    async () => {
      await this.poll(this.overdueSeconds);
      this.overdueSeconds = OVERDUE_SECONDS;
    },
    (error) => this.logger.warn(`poll: ${error.message}`),
  );

  constructor(
    private readonly database: Database,
    private readonly batches: BatchesRepository,
    private readonly processing: BatchProcessingService,
  ) {}

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.repeating.stop();
  }

  /** Repeats until nothing overdue is left, or other workers hold what is left. */
  async poll(overdueSeconds = OVERDUE_SECONDS): Promise<void> {
    for (let processed = 1; processed > 0 && !this.stopping;) {
      const ids = await this.batches.listOverdue(this.database.system, overdueSeconds, BATCHES_PER_STEP);
      if (ids.length === 0) return;
      processed = await this.processing.process(ids);
      if (processed > 0) this.logger.log(`polled ${processed} batches`);
    }
  }
}
