import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { QueueStatusResponse } from '../../analytics/counts/analytics.dto.js';
import { Database } from '../../platform/database/database.js';
import { withTimeout } from '../../platform/scheduling/with-timeout.js';
import { DeadLettersRepository } from '../dead-letters/dead-letters.repository.js';
import { BatchesRepository } from './batches.repository.js';

type QueueCounts = QueueStatusResponse['queues'][number];

/** Nest injection token of every queue there is; the API's page lists them. */
export const ALL_QUEUES = Symbol('ALL_QUEUES');

const TIMEOUT_MS = 500;

@Injectable()
export class QueueStatusService {
  constructor(
    private readonly database: Database,
    private readonly batches: BatchesRepository,
    private readonly deadLetters: DeadLettersRepository,
    @Inject(ALL_QUEUES) private readonly queues: readonly Queue[],
  ) {
    // BullMQ prints what nobody listens to; their connection warns.
    for (const queue of queues) queue.on('error', () => undefined);
  }

  /** What waits, counted in PostgreSQL, and the counts of the queues that notify for it. */
  async get(tenantId: string): Promise<QueueStatusResponse> {
    const [[pending, deadLetters], queues] = await Promise.all([
      this.database.readInTenant(tenantId, (sql) =>
        Promise.all([this.batches.getPending(sql, tenantId), this.deadLetters.countByState(sql, tenantId)]),
      ),
      Promise.all(this.queues.map((queue) => this.countJobs(queue))),
    ]);
    return {
      pending_events: pending.events,
      oldest_pending_age_s: Math.round(pending.oldestAgeSeconds * 10) / 10,
      dead_letters: deadLetters,
      queues,
    };
  }

  /** All null when the queue does not answer in time: the numbers of PostgreSQL are useful without it. */
  private async countJobs(queue: Queue): Promise<QueueCounts> {
    const away = { waiting: null, active: null, delayed: null, completed: null, failed: null, paused: null };
    const counts = await withTimeout(readCounts(queue), TIMEOUT_MS, 'the queue did not answer').catch(() => away);
    return { name: queue.name, ...counts };
  }
}

async function readCounts(queue: Queue): Promise<Omit<QueueCounts, 'name'>> {
  const [counts, paused] = await Promise.all([
    queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed'),
    queue.isPaused(),
  ]);
  const { waiting = 0, active = 0, delayed = 0, completed = 0, failed = 0 } = counts;
  return { waiting, active, delayed, completed, failed, paused };
}
