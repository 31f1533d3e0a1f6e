import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { lastDue } from './last-due.js';
import { type Schedule, schedulesOf } from './schedules.js';
import { type RunSummary, TaskRunsRepository } from './task-runs.repository.js';

/** Whether a task is done when it is due. */
export interface TaskStatus {
  task: string;
  /** When it last ended well, in seconds since 1970; null: not lately. */
  endedAt: number | null;
  /** Failed tries since then. */
  failures: number;
  /** How long it should have been done and is not; 0 while a worker is doing it. */
  overdueSeconds: number;
}

/** Tells of schedules from what stands in the database: also while there is no worker. */
@Injectable()
export class ScheduleStatus {
  private readonly startedAt = Date.now();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly runs: TaskRunsRepository,
  ) {}

  async read(now = new Date()): Promise<TaskStatus[]> {
    const found = await this.runs.summarize();
    return schedulesOf(this.config).map((schedule) => {
      const summary = found.find(({ task }) => task === schedule.name);
      const waiting = summary?.waitingSeconds ?? 0;
      return {
        task: schedule.name,
        endedAt: summary?.endedAt ?? null,
        failures: summary?.failures ?? 0,
        overdueSeconds: Math.max(0, waiting, this.secondsNotMade(schedule, summary, now)),
      };
    });
  }

  /** A new installation has missed nothing yet: what was due before this process began does not count without runs. */
  private secondsNotMade({ cron, timeZone }: Schedule, summary: RunSummary | undefined, now: Date): number {
    const due = lastDue(cron, timeZone, now)?.getTime() ?? Infinity;
    if (summary !== undefined && summary.lastDue.getTime() >= due) return 0;
    return (now.getTime() - (summary === undefined ? Math.max(due, this.startedAt) : due)) / 1_000;
  }
}
