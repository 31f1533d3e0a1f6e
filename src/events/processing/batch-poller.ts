import { Injectable, Logger } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { Database } from '../../platform/database/database.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { drain } from '../../platform/scheduling/drain.js';
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
  /** The first look takes everything: after a crash of all workers there may be no job left to wait for. */
  private overdueSeconds = 0;
  private readonly polled: Counter;

  constructor(
    private readonly database: Database,
    private readonly batches: BatchesRepository,
    private readonly processing: BatchProcessingService,
    metrics: Metrics,
    tasks: PeriodicTasks,
  ) {
    this.polled = metrics.counter('tidemark_processing_polled_batches_total');
    tasks.add({
      name: 'batches',
      schedule: { pauseMs: PAUSE_MS },
      run: async (signal) => {
        await this.poll(signal, this.overdueSeconds);
        this.overdueSeconds = OVERDUE_SECONDS;
      },
      onError: (error) => this.logger.warn(`poll: ${error.message}`),
    });
  }

  /** Goes on until nothing overdue is left, or what is left belongs to other workers. */
  async poll(signal: AbortSignal, overdueSeconds = OVERDUE_SECONDS): Promise<void> {
    await drain(signal, async () => {
      const ids = await this.batches.listOverdue(this.database.system, overdueSeconds, BATCHES_PER_STEP);
      const processed = ids.length === 0 ? 0 : await this.processing.process(ids);
      if (processed > 0) this.logger.log(`polled ${processed} batches`);
      this.polled.inc(processed);
      return processed > 0;
    });
  }
}
