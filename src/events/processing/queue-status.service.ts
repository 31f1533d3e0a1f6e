import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { QueueStatusResponse } from '../../analytics/counts/analytics.dto.js';
import { Database } from '../../platform/database/database.js';
import { withTimeout } from '../../platform/scheduling/with-timeout.js';
import { BatchesRepository } from './batches.repository.js';
import { EVENTS_QUEUE } from './events.jobs.js';

type QueueCounts = QueueStatusResponse['queues'][number];

const TIMEOUT_MS = 500;

@Injectable()
export class QueueStatusService {
  constructor(
    private readonly database: Database,
    private readonly batches: BatchesRepository,
    @InjectQueue(EVENTS_QUEUE) private readonly queue: Queue,
  ) {}

  /** What waits, counted in PostgreSQL, and the counts of the queue that notifies for it. */
  async get(tenantId: string): Promise<QueueStatusResponse> {
    const [pending, counts] = await Promise.all([
      this.database.readInTenant(tenantId, (sql) => this.batches.getPending(sql, tenantId)),
      this.countJobs(),
    ]);
    return {
      pending_events: pending.events,
      oldest_pending_age_s: Math.round(pending.oldestAgeSeconds * 10) / 10,
      queues: [counts],
    };
  }

  /** All null when the queue does not answer in time: the numbers of PostgreSQL are useful without it. */
  private async countJobs(): Promise<QueueCounts> {
    const away = { waiting: null, active: null, delayed: null, completed: null, failed: null, paused: null };
    const counts = await withTimeout(this.readCounts(), TIMEOUT_MS, 'the queue did not answer').catch(() => away);
    return { name: this.queue.name, ...counts };
  }

  private async readCounts(): Promise<Omit<QueueCounts, 'name'>> {
    const [counts, paused] = await Promise.all([
      this.queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed'),
      this.queue.isPaused(),
    ]);
    const { waiting = 0, active = 0, delayed = 0, completed = 0, failed = 0 } = counts;
    return { waiting, active, delayed, completed, failed, paused };
  }
}
