import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { RareWarning } from '../../platform/rare-warning.js';
import { withTimeout } from '../../platform/with-timeout.js';
import { JOBS_QUEUE, RUN_JOB, type RunJob } from './jobs.jobs.js';

const GIVE_UP_MS = 1_000;

/** Tells the workers that a job waits. Best effort: a ring that is lost costs the seconds until a worker looks by itself. */
@Injectable()
export class JobDoorbell implements OnApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(JobDoorbell.name));
  private ringing = Promise.resolve();

  constructor(@InjectQueue(JOBS_QUEUE) private readonly queue: Queue<RunJob>) {
    this.queue.on('error', (error) => this.warn(error));
  }

  /** Returns at once. */
  ring(jobId: string): void {
    const added = this.queue.add(RUN_JOB, { job_id: jobId }, { jobId });
    // BullMQ can wait for ever for a Redis that is away; this must not.
    const rung = withTimeout(added, GIVE_UP_MS, 'the queue did not answer').then(
      () => undefined,
      (error: Error) => this.warn(error),
    );
    this.ringing = Promise.all([this.ringing, rung]).then(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ringing;
  }

  private warn(error: Error): void {
    this.warning.warn(`could not enqueue: ${error.message}; a worker will find the job`);
  }
}
