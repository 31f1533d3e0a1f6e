import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Logger } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { QueueConnection } from '../../platform/queues/queues.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { JOBS_QUEUE, type RunJob } from './jobs.jobs.js';
import { JobRunner } from './job-runner.js';

const QUEUE_RETRY_MS = 1_000;

/** One job at a time. A job is tried once here: unfinished work is in PostgreSQL, where the runner finds it. */
@Processor(JOBS_QUEUE, { runRetryDelay: QUEUE_RETRY_MS })
export class JobsProcessor extends WorkerHost implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JobsProcessor.name);
  private readonly queueWarning = new RareWarning(this.logger);

  constructor(
    private readonly runner: JobRunner,
    private readonly connection: QueueConnection,
    @InjectQueue(JOBS_QUEUE) queue: Queue,
  ) {
    super();
    queue.on('error', (error) => this.onError(error));
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connection.leaveIfAway(this.worker);
  }

  async process(job: Job<RunJob>): Promise<void> {
    const id = (job.data as { job_id?: unknown } | null)?.job_id;
    if (typeof id !== 'string' || !isUuid(id)) return;
    // For the queue board only, so nothing waits for it.
    await this.runner.run(
      id,
      (percent) => void job.updateProgress(percent).catch((error: Error) => this.onError(error)),
    );
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.queueWarning.warn(`queue: ${error.message}`);
  }

  @OnWorkerEvent('failed')
  onFailed(_job: Job | undefined, error: Error): void {
    this.logger.warn(`the runner will take the job up again: ${error.message}`);
  }
}
