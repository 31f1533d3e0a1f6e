import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { withTimeout } from '../../platform/scheduling/with-timeout.js';
import { JOBS_QUEUE, RUN_JOB, type RunJob } from './jobs.jobs.js';

const GIVE_UP_MS = 1_000;

/**
 * Tells the workers that a job waits. Best effort: when a notification is lost, a worker finds the job some seconds
 * later.
 */
@Injectable()
export class JobNotifier implements OnApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(JobNotifier.name));
  private notifying = Promise.resolve();

  constructor(@InjectQueue(JOBS_QUEUE) private readonly queue: Queue<RunJob>) {
    this.queue.on('error', (error) => this.warn(error));
  }

  /** Returns at once. */
  notify(jobId: string): void {
    const added = this.queue.add(RUN_JOB, { job_id: jobId }, { jobId });
    // BullMQ can wait for ever for a Redis that is away; this must not.
    const notified = withTimeout(added, GIVE_UP_MS, 'the queue did not answer').then(
      () => undefined,
      (error: Error) => this.warn(error),
    );
    this.notifying = Promise.all([this.notifying, notified]).then(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.notifying;
  }

  private warn(error: Error): void {
    this.warning.warn(`could not enqueue: ${error.message}; a worker will find the job`);
  }
}
