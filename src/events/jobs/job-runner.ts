import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { isConnectionError } from '../../platform/database/database.js';
import { Problem } from '../../platform/http/problem.js';
import { drain } from '../../platform/scheduling/drain.js';
import type { PeriodicTask } from '../../platform/scheduling/periodic-task.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
import { uuid7 } from '../../platform/database/uuid7.js';
import { type ClaimedJob, JobsRepository } from './jobs.repository.js';
import { percentOf } from './jobs.service.js';
import { SampleDataWriter } from './sample-data-writer.js';

const PAUSE_MS = 2_000;

type Report = (percent: number) => void;

/**
 * Runs jobs, one at a time per worker. The queue notifies at once; this timer looks anyway, so a lost queue or a killed
 * worker costs only seconds.
 */
@Injectable()
export class JobRunner implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JobRunner.name);
  private readonly task: PeriodicTask;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly jobs: JobsRepository,
    private readonly samples: SampleDataWriter,
    tasks: PeriodicTasks,
  ) {
    this.task = tasks.add({
      name: 'jobs',
      schedule: { pauseMs: PAUSE_MS },
      run: (signal) => drain(signal, () => this.run(null)),
      onError: (error) => this.logger.warn(`jobs: ${error.message}`),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.task.stop();
    await this.last;
  }

  /**
   * Runs the job `id`, or the oldest that waits, after those that this process is running.
   * @returns false when there was nothing to do: it is finished, or another worker has it
   */
  run(id: string | null, report: Report = () => undefined): Promise<boolean> {
    const run = this.last.then(() => this.claimAndRun(id, report));
    this.last = run.catch(() => undefined); // the caller of this run sees the error
    return run;
  }

  private async claimAndRun(id: string | null, report: Report): Promise<boolean> {
    const { signal } = this.task;
    const job = signal.aborted ? null : await this.jobs.claim(uuid7(), id);
    if (job === null) return false;
    try {
      const finished = await this.samples.write(job, signal, () => report(percentOf(job)));
      if (finished) await this.jobs.complete(job);
      else await this.jobs.release(job); // does nothing when another worker has it
      if (finished) report(100);
    } catch (error) {
      await this.fail(job, error);
    }
    return true;
  }

  private async fail(job: ClaimedJob, error: unknown): Promise<void> {
    // The database is away or overloaded: the lease ends, and the job continues later where it was.
    if (isConnectionError(error) || (error instanceof Problem && error.status === 503)) throw error;
    this.logger.error(`job ${job.id} failed: ${(error as Error).message}`);
    await this.jobs.recordFailure(job, 'Something went wrong inside; the log of the worker tells more.');
  }
}
