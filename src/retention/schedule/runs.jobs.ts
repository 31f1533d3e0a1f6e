/** The queue that tells workers of rows of `task_runs`. A job carries the id of the row, and has the same id. */
export const RUNS_QUEUE = 'retention';

export const RUN_TASK = 'run';

export interface RunTask {
  run_id: string;
}
