/** The queue of event work, its jobs and their payloads. Jobs carry ids; everything else is read from PostgreSQL. */
export const EVENTS_QUEUE = 'events';

export const PROCESS_BATCHES = 'process-batches';

export interface ProcessBatchesJob {
  batch_ids: string[];
}
