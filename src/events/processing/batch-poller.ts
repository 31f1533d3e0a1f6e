import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { PeriodicTask } from '../../platform/scheduling/periodic-task.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
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
export class BatchPoller {
  private readonly logger = new Logger(BatchPoller.name);
  private readonly task: PeriodicTask;
  /** The first look takes everything: after a crash of all workers there may be no job left to wait for. */
  private overdueSeconds = 0;

  constructor(
    private readonly database: Database,
    private readonly batches: BatchesRepository,
    private readonly processing: BatchProcessingService,
    tasks: PeriodicTasks,
  ) {
    this.task = tasks.add({
      name: 'batches',
      schedule: { pauseMs: PAUSE_MS },
      run: async () => {
        await this.poll(this.overdueSeconds);
        this.overdueSeconds = OVERDUE_SECONDS;
      },
      onError: (error) => this.logger.warn(`poll: ${error.message}`),
    });
  }

  /** Repeats until nothing overdue is left, or other workers hold what is left. */
  async poll(overdueSeconds = OVERDUE_SECONDS): Promise<void> {
    for (let processed = 1; processed > 0 && !this.task.signal.aborted;) {
      const ids = await this.batches.listOverdue(this.database.system, overdueSeconds, BATCHES_PER_STEP);
      if (ids.length === 0) return;
      processed = await this.processing.process(ids);
      if (processed > 0) this.logger.log(`polled ${processed} batches`);
    }
  }
}
