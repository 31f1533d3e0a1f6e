import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Job, Queue } from 'bullmq';
import { isUuid } from '../platform/database/uuid7.js';

export const WITHHELD = '(withheld)';
const SEE_LOG = 'The log of the worker has the reason. It is not shown here, because it may repeat what a tenant sent.';

/**
 * A queue as the board sees it. Jobs carry ids only, but nothing in a queue is trusted: what is no id is withheld, and
 * so are the words of errors, in which PostgreSQL quotes values.
 */
export class WithheldJobs extends BullMQAdapter {
  constructor(private readonly jobs: Queue) {
    super(jobs);
    for (const field of ['data', 'returnValue', 'progress'] as const) this.setFormatter(field, idsOf);
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = (await this.jobs.getJob(id)) as Job | undefined;
    return job === undefined ? undefined : withoutWords(job);
  }

  override async getJobs(...parameters: Parameters<BullMQAdapter['getJobs']>): Promise<Job[]> {
    return (await super.getJobs(...parameters)).map(withoutWords);
  }

  /** Tidemark writes none; whoever did may have written anything. */
  override getJobLogs(): Promise<string[]> {
    return Promise.resolve([]);
  }
}

/** Changes this copy only: what is stored stays as it is. */
function withoutWords(job: Job): Job {
  if (job.failedReason) job.failedReason = SEE_LOG;
  job.stacktrace = [];
  return job;
}

/** The same value with nothing in it but ids, numbers, and names as Tidemark gives them. */
export function idsOf(value: unknown): unknown {
  if (typeof value === 'string') return isUuid(value) ? value : WITHHELD;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(idsOf);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [/^[a-z_]{1,32}$/.test(name) ? name : WITHHELD, idsOf(inner)]),
  );
}
