import { Inject, Injectable, Logger } from '@nestjs/common';
import { HoldsRepository } from '../../audit/preservation/holds.repository.js';
import { isConnectionError } from '../../platform/database/database.js';
import { uuid7 } from '../../platform/database/uuid7.js';
import { whileRenewing } from '../../platform/scheduling/drain.js';
import { type Removable, type RunContext, RunLost, SCHEDULED_TASKS, type ScheduledTask } from './scheduled-task.js';
import { type ClaimedRun, type Removed, RENEW_MS, TaskRunsRepository } from './task-runs.repository.js';

/** Gets what a run has removed so far. */
type Report = (removed: readonly Removed[]) => void;

/** Does runs: for workers those that are due, for the command line one right now. */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger(TaskRunner.name);

  constructor(
    @Inject(SCHEDULED_TASKS) private readonly tasks: readonly ScheduledTask[],
    private readonly runs: TaskRunsRepository,
    private readonly holds: HoldsRepository,
  ) {}

  get names(): string[] {
    return this.tasks.map(({ name }) => name);
  }

  /** What a run of the task would remove now. */
  plan(name: string): Promise<Removable[]> {
    return this.taskOf(name).plan(new Date());
  }

  /**
   * Does the run `id`, or the oldest that waits.
   * @returns false when there was nothing to do: it is finished, or another worker has it
   */
  async run(id: string | null, signal: AbortSignal): Promise<boolean> {
    const run = signal.aborted ? null : await this.runs.claim(uuid7(), this.names, id);
    if (run === null) return false;
    try {
      await this.carryOut(run, signal);
    } catch (error) {
      await this.end(run, error, signal);
    }
    return true;
  }

  /**
   * Does a run of the task now, whenever it is due.
   * @throws Error when one is running already, or whatever makes it fail; a failed one is tried again by the workers
   */
  async runNow(name: string, signal: AbortSignal, report: Report): Promise<Removed[]> {
    const run = await this.runs.insertClaimed(this.taskOf(name).name);
    if (run === null) throw new Error(`${name} is running already; see GET /api/v1/retention/runs.`);
    try {
      return await this.carryOut(run, signal, report);
    } catch (error) {
      await this.end(run, error, signal);
      throw error;
    }
  }

  private taskOf(name: string): ScheduledTask {
    const task = this.tasks.find((one) => one.name === name);
    if (task === undefined) throw new Error(`There is no task ${name}; there are ${this.names.join(', ')}.`);
    return task;
  }

  private async carryOut(run: ClaimedRun, signal: AbortSignal, report: Report = () => undefined): Promise<Removed[]> {
    const sums = new RemovedSums();
    for (const what of run.removed) sums.add(what);
    const context: RunContext = {
      now: run.due,
      signal,
      removed: async (what) => {
        sums.add(what);
        report(sums.list);
        if (signal.aborted || !(await this.runs.advance(run, sums.list))) throw new RunLost();
      },
    };
    await whileRenewing(
      () => this.runs.renew(run),
      RENEW_MS,
      () => this.taskOf(run.task).run(context),
    );
    await this.runs.complete(run, sums.list, await this.holds.countStanding());
    this.logger.log(`${run.task} of ${run.due.toISOString()}: ${sums.rows} rows removed`);
    return sums.list;
  }

  private async end(run: ClaimedRun, error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof RunLost || signal.aborted) return this.runs.release(run); // nothing, when another has it
    // The database is away: the lease runs out, and the run is taken up again.
    if (isConnectionError(error)) throw error;
    const { message } = error as Error;
    this.logger.error(`${run.task} of ${run.due.toISOString()} failed: ${message}`);
    await this.runs.recordFailure(run, message);
  }
}

/** What a run removed, summed up by table and tenant. */
class RemovedSums {
  private readonly sums = new Map<string, Removed>();

  get list(): Removed[] {
    return [...this.sums.values()];
  }

  get rows(): number {
    return this.list.reduce((sum, { rows }) => sum + rows, 0);
  }

  add(what: Removed): void {
    if (what.rows === 0 && what.bytes === 0) return;
    const key = `${what.table} ${what.tenant_id}`;
    const sum = this.sums.get(key) ?? { ...what, rows: 0, bytes: 0 };
    sum.rows += what.rows;
    sum.bytes += what.bytes;
    this.sums.set(key, sum);
  }
}
