import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { lastDue } from './last-due.js';
import { SCHEDULED_TASKS, type ScheduledTask } from './scheduled-task.js';
import type { Schedule } from './schedules.js';
import { TaskRunsRepository } from './task-runs.repository.js';

/**
 * Makes the runs that are due. Every worker looks, and the database lets one of them make each run; what was due while
 * no worker ran is made at the next look, once, however often it was missed.
 */
@Injectable()
export class TaskScheduler {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(SCHEDULED_TASKS) private readonly tasks: readonly ScheduledTask[],
    private readonly runs: TaskRunsRepository,
  ) {}

  /** When each task is due, for timers. */
  get schedules(): Schedule[] {
    const timeZone = this.config.RETENTION_TIME_ZONE;
    return this.tasks.map(({ name, cron }) => ({ name, cron, timeZone }));
  }

  /** @returns ids of the runs that this call has made */
  async look(now = new Date()): Promise<string[]> {
    const made: string[] = [];
    for (const { name, cron, timeZone } of this.schedules) {
      const due = lastDue(cron, timeZone, now);
      const id = due === null ? null : await this.runs.insert(name, due);
      if (id !== null) made.push(id);
    }
    return made;
  }
}
