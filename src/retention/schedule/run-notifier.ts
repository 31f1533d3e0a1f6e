import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { withTimeout } from '../../platform/scheduling/with-timeout.js';
import { RUN_TASK, RUNS_QUEUE, type RunTask } from './runs.jobs.js';

const GIVE_UP_MS = 1_000;

/** Tells the workers, so that any of them may take a run up. Best effort: each finds it some seconds later anyway. */
@Injectable()
export class RunNotifier {
  private readonly warning = new RareWarning(new Logger(RunNotifier.name));

  constructor(@InjectQueue(RUNS_QUEUE) private readonly queue: Queue<RunTask>) {
    this.queue.on('error', (error) => this.warn(error));
  }

  /** One by one: what adds many at once in PostgreSQL makes a sequence, which takes rights that the service lacks. */
  async notify(runIds: readonly string[]): Promise<void> {
    const added = Promise.all(runIds.map((id) => this.queue.add(RUN_TASK, { run_id: id }, { jobId: id })));
    // BullMQ can wait for ever for a Redis that is away; this must not.
    await withTimeout(added, GIVE_UP_MS, 'the queue did not answer').catch((error: Error) => this.warn(error));
  }

  private warn(error: Error): void {
    this.warning.warn(`could not enqueue: ${error.message}; a worker will find the run`);
  }
}
