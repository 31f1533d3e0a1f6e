/** The queue of event work, its jobs and their payloads. Jobs carry ids; everything else is read from PostgreSQL. */
export const EVENTS_QUEUE = 'events';

export const PROCESS_BATCHES = 'process-batches';

/** Under load a job is for many requests, and being traced must not make it long: the other traces end here. */
export const MAX_TRACES_PER_JOB = 100;

export interface ProcessBatchesJob {
  batch_ids: string[];
  /** Spans that this job continues, where traces are on. */
  traceparents?: string[];
}
