import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { PeriodicTask, type TaskOptions } from './periodic-task.js';

/**
 * Everything that a process does again and again, with one life cycle: it starts when the process is up, a failed run
 * is reported and not fatal, and the process ends after the runs that are under way. What is due stands in PostgreSQL:
 * no schedule is kept in the queue, which may be lost, and every replica may run every task.
 */
@Injectable()
export class PeriodicTasks implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly tasks: PeriodicTask[] = [];

  constructor(private readonly registry: SchedulerRegistry) {}

  /** To be called in constructors, before the process is up. */
  add(options: TaskOptions): PeriodicTask {
    const task = new PeriodicTask(this.registry, options);
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
}
