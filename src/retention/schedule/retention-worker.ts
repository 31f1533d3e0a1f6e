import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { drain } from '../../platform/scheduling/drain.js';
import type { PeriodicTask } from '../../platform/scheduling/periodic-task.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
import { RunNotifier } from './run-notifier.js';
import { TaskRunner } from './task-runner.js';
import { TaskScheduler } from './task-scheduler.js';

const PAUSE_MS = 15_000;

/**
 * Makes the runs of the scheduled tasks when they are due, and does them, one at a time per worker. The queue tells at
 * once of a run that was made; this also looks at start and every few seconds, for what was due while no worker ran,
 * for a job that was lost, and for the run of a worker that was killed.
 */
@Injectable()
export class RetentionWorker implements BeforeApplicationShutdown {
  private readonly logger = new Logger(RetentionWorker.name);
  private readonly task: PeriodicTask;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly scheduler: TaskScheduler,
    private readonly notifier: RunNotifier,
    private readonly runner: TaskRunner,
    tasks: PeriodicTasks,
  ) {
    const onError = (error: Error) => this.logger.warn(`scheduled tasks: ${error.message}`);
    this.task = tasks.add({
      name: 'retention',
      schedule: { pauseMs: PAUSE_MS },
      run: async (signal) => {
        await this.makeDue();
        await drain(signal, () => this.run(null));
      },
      onError,
    });
    for (const { name, cron, timeZone } of scheduler.schedules) {
      tasks.add({
        ...{ name: `retention-${name}`, schedule: { cron, timeZone } },
        ...{ run: () => this.makeDue(), onError },
      });
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.task.stop();
    await this.last;
  }

  /** Does the run `id`, or the oldest that waits, after those that this process is doing. @returns whether it did */
  run(id: string | null): Promise<boolean> {
    const run = this.last.then(() => this.runner.run(id, this.task.signal));
    this.last = run.catch(() => undefined); // the caller of this run sees the error
    return run;
  }

  private async makeDue(): Promise<void> {
    await this.notifier.notify(await this.scheduler.look());
  }
}
