import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { Metrics } from '../metrics/metrics.js';
import { PeriodicTask, type TaskOptions } from './periodic-task.js';

/**
 * Everything that a process does again and again, with one life cycle: it starts when the process is up, a failed run
 * is reported and not fatal, and the process ends after the runs that are under way. What is due stands in PostgreSQL:
 * no schedule is kept in the queue, which may be lost, and every replica may run every task.
 */
@Injectable()
export class PeriodicTasks implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tasks: PeriodicTask[] = [];

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly metrics: Metrics,
  ) {}

  /** To be called in constructors, before the process is up. */
  add(options: TaskOptions): PeriodicTask {
    const task = new PeriodicTask(this.registry, this.counted(options));
    this.tasks.push(task);
    return task;
  }

  get names(): string[] {
    return this.tasks.map(({ name }) => name).sort();
  }

  onApplicationBootstrap(): void {
    for (const task of this.tasks) task.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.tasks.map((task) => task.stop()));
  }

  private counted(options: TaskOptions): TaskOptions {
    const runs = this.metrics.counter('tidemark_task_runs_total');
    const succeeded = this.metrics.gauge('tidemark_task_last_success_timestamp_seconds');
    const [ok, failed] = ['ok', 'failed'].map((result) => runs.labels({ task: options.name, result }));
    for (const series of [ok!, failed!]) series.inc(0);
    return {
      ...options,
      run: async (signal) => {
        await options.run(signal);
        ok!.inc();
        succeeded.set({ task: options.name }, Date.now() / 1_000);
      },
      onError: (error) => {
        failed!.inc();
        options.onError(error);
      },
    };
  }
}
