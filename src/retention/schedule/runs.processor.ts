import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { isUuid } from '../../platform/database/uuid7.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { QueueConnection } from '../../platform/queues/queues.js';
import { RetentionWorker } from './retention-worker.js';
import { RUNS_QUEUE, type RunTask } from './runs.jobs.js';

const QUEUE_RETRY_MS = 1_000;

/** One run at a time. A job is tried once here: unfinished runs are in PostgreSQL, where the worker finds them. */
@Processor(RUNS_QUEUE, { runRetryDelay: QUEUE_RETRY_MS })
export class RunsProcessor extends WorkerHost implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RunsProcessor.name);
  private readonly queueWarning = new RareWarning(this.logger);

  constructor(
    private readonly retention: RetentionWorker,
    private readonly connection: QueueConnection,
    @InjectQueue(RUNS_QUEUE) queue: Queue,
  ) {
    super();
    queue.on('error', (error) => this.onError(error));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connection.leaveIfAway(this.worker);
  }

  async process(job: Job<RunTask>): Promise<void> {
    const id = (job.data as { run_id?: unknown } | null)?.run_id;
    if (typeof id === 'string' && isUuid(id)) await this.retention.run(id);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.queueWarning.warn(`queue: ${error.message}`);
  }

  @OnWorkerEvent('failed')
  onFailed(_job: Job | undefined, error: Error): void {
    this.logger.warn(`a worker will take the run up again: ${error.message}`);
  }
}
