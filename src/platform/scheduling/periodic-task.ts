import type { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';

export type Schedule =
  /** The first run at once, each other so long after the end of the one before. */
  | { pauseMs: number }
  /** By the steady clock, the first after one interval. Delays do not add up; what is missed is left out. */
  | { everyMs: number }
  /** At the times of a cron expression, seconds first; a time that comes while it runs is left out. */
  | { cron: string; timeZone: string };

export interface TaskOptions {
  /** Of its timer in the registry; each task of a process has another. */
  name: string;
  schedule: Schedule;
  /** @param signal aborted when the process stops: work that goes on and on ends its step, and no more */
  run: (signal: AbortSignal) => Promise<void>;
  /** Says that a run failed. The next one comes as if it had not. */
  onError: (error: Error) => void;
}

/** Work that is done again and again, never twice at a time. Its timer stands in the registry of @nestjs/schedule. */
export class PeriodicTask {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private nextAt = 0;

  constructor(
    private readonly registry: SchedulerRegistry,
    private readonly options: TaskOptions,
  ) {}

  get name(): string {
    return this.options.name;
  }

  /** Aborted when the task is to stop. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  start(): void {
    const { name, schedule } = this.options;
    if ('cron' in schedule) {
      const { cron: cronTime, timeZone } = schedule;
      const job = CronJob.from({ cronTime, timeZone, onTick: () => this.runOnce(), waitForCompletion: true });
      this.registry.addCronJob(name, job);
      job.start();
    } else if ('everyMs' in schedule) {
      this.nextAt = performance.now();
      this.wait(this.untilNext(schedule.everyMs));
    } else void this.runAndWait();
  }

  /** Resolves when nothing runs any more. Repeating it is safe. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const { name } = this.options;
    if (this.registry.doesExist('cron', name)) this.registry.deleteCronJob(name);
    if (this.registry.doesExist('timeout', name)) this.registry.deleteTimeout(name);
    await this.running;
  }

  private async runAndWait(): Promise<void> {
    await this.runOnce();
    const { schedule } = this.options;
    if ('everyMs' in schedule) this.wait(this.untilNext(schedule.everyMs));
    else if ('pauseMs' in schedule) this.wait(schedule.pauseMs);
  }

  /** Never rejects. */
  private runOnce(): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    const { run, onError } = this.options;
    this.running = (async () => run(this.signal))().catch(onError);
    return this.running;
  }

  private wait(ms: number): void {
    if (this.signal.aborted) return;
    const timer = setTimeout(() => {
      this.registry.deleteTimeout(this.name);
      void this.runAndWait();
    }, ms);
    this.registry.addTimeout(this.name, timer);
  }

  private untilNext(everyMs: number): number {
    const late = Math.max(0, performance.now() - this.nextAt);
    this.nextAt += everyMs * (1 + Math.floor(late / everyMs));
    return this.nextAt - performance.now();
  }
}
