/** The schema of the queue's tables where PostgreSQL is the queue. */
export const QUEUE_SCHEMA = 'bullmq';
