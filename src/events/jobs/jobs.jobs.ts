/**
 * The queue that notifies for rows of the table `jobs`. A job of the queue carries the id of the row, and has the same
 * id.
 */
export const JOBS_QUEUE = 'jobs';

export const RUN_JOB = 'run';

export interface RunJob {
  job_id: string;
}
