/** The queue that notifies for rows of the table `jobs`. Its jobs carry the id of the row, and have that id themselves. */
export const JOBS_QUEUE = 'jobs';

export const RUN_JOB = 'run';

export interface RunJob {
  job_id: string;
}
