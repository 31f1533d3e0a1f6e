import type { Removed } from './task-runs.repository.js';

/** What a task gets of the run it is in. */
export interface RunContext {
  /** The moment the run is for; ages are counted back from it. */
  readonly now: Date;
  readonly signal: AbortSignal;
  /**
   * Notes what was removed and shows that the worker lives.
   * @throws RunLost when another worker has the run by now, or the process stops
   */
  removed(what: Removed): Promise<void>;
}

/** Another worker has the run, or the process stops: nothing is wrong, and what is done stays done. */
export class RunLost extends Error {}

/** What a run would remove of a table, of rows recorded in a month. */
export interface Removable {
  table: string;
  /** Null: of all tenants. */
  tenant_id: string | null;
  /** Like 2026-11. */
  month: string;
  rows: number;
  /** Of the rows; a partition that is dropped gives back those of its indexes as well. */
  bytes: number;
  /** Rows that are past their time too, and stay because of a hold. */
  held: number;
}

/** Work that is due by the clock. A run that was broken off is begun again: doing it twice must change nothing more. */
export interface ScheduledTask {
  readonly name: string;
  /** Five fields of cron, in RETENTION_TIME_ZONE. */
  readonly cron: string;
  /** What a run at `now` would remove. Changes nothing. */
  plan(now: Date): Promise<Removable[]>;
  run(context: RunContext): Promise<void>;
}

/** Nest injection token of all {@link ScheduledTask}s. */
export const SCHEDULED_TASKS = Symbol('SCHEDULED_TASKS');
