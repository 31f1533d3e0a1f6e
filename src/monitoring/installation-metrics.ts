import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { ALL_QUEUES } from '../events/processing/queue-status.service.js';
import { CONFIG, type Config } from '../platform/config/config.js';
import { RareWarning } from '../platform/logging/rare-warning.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { withTimeout } from '../platform/scheduling/with-timeout.js';
import { DAY_MS } from '../platform/time/time.js';
import { type Installation, InstallationRepository } from './installation.repository.js';
import { Upkeep } from './upkeep.js';

/** Whoever scrapes waits so long for the database at most: without it the rest of the answer is there. */
const TIMEOUT_MS = 2_000;
/** However many scrape, the database is asked once in this time. */
const FRESH_MS = 5_000;
const DAY_SECONDS = DAY_MS / 1_000;
const JOB_STATES = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const;

/**
 * What every process would say alike, because it stands in the database and in the queue. Only API processes export it:
 * they are there when workers are not. Over several of them take the maximum, not the sum.
 */
@Injectable()
export class InstallationMetrics {
  private readonly warning = new RareWarning(new Logger(InstallationMetrics.name));
  private reading: Promise<unknown> | undefined;
  private readAt = -Infinity;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly installation: InstallationRepository,
    private readonly upkeep: Upkeep,
    @Inject(ALL_QUEUES) private readonly queues: readonly Queue[],
    private readonly metrics: Metrics,
  ) {
    metrics.beforeScrape(() => this.refresh());
  }

  /** Never rejects. Callers that come while it reads wait for the same answer. */
  private async refresh(): Promise<void> {
    if (this.reading === undefined && performance.now() - this.readAt < FRESH_MS) return;
    this.reading ??= Promise.all([
      this.readDatabase(),
      this.readTenants(),
      this.readQueues(),
      this.readTasks(),
      this.readStorage(),
    ]).finally(() => {
      this.reading = undefined;
      this.readAt = performance.now();
    });
    await this.reading;
  }

  private async readDatabase(): Promise<void> {
    const found = await this.attempt(() => this.installation.read());
    for (const name of Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]) {
      const value = found === undefined ? null : NUMBERS[name](found);
      this.metrics.gauge(name).remove(); // a number that is not known any more is absent, not as it was
      if (value !== null) this.metrics.gauge(name).set(value);
    }
    const deadLetters = this.metrics.gauge('tidemark_dead_letters');
    deadLetters.reset();
    if (found === undefined) return;
    deadLetters.set({ state: 'open' }, found.openDeadLetters);
    deadLetters.set({ state: 'dead' }, found.deadDeadLetters);
  }

  private async readTenants(): Promise<void> {
    if (!this.config.METRICS_TENANT_LABELS) return;
    const found = await this.attempt(() => this.installation.listPendingByTenant());
    const pending = this.metrics.gauge('tidemark_tenant_pending_events');
    pending.reset();
    for (const { tenant, events } of found ?? []) pending.set({ tenant }, events);
  }

  private async readQueues(): Promise<void> {
    const found = await this.attempt(() => Promise.all(this.queues.map((queue) => queue.getJobCounts(...JOB_STATES))));
    const jobs = this.metrics.gauge('tidemark_queue_jobs');
    jobs.reset();
    found?.forEach((counts, n) => {
      for (const state of JOB_STATES) jobs.set({ queue: this.queues[n]!.name, state }, counts[state] ?? 0);
    });
  }

  private async readTasks(): Promise<void> {
    const found = await this.attempt(() => this.upkeep.listTasks());
    const endedAt = this.metrics.gauge('tidemark_schedule_last_end_timestamp_seconds');
    const failures = this.metrics.gauge('tidemark_schedule_failures');
    const overdue = this.metrics.gauge('tidemark_schedule_overdue_seconds');
    for (const gauge of [endedAt, failures, overdue]) gauge.reset();
    for (const { task, ...status } of found ?? []) {
      if (status.endedAt !== null) endedAt.set({ task }, status.endedAt);
      failures.set({ task }, status.failures);
      overdue.set({ task }, status.overdueSeconds);
    }
  }

  private async readStorage(): Promise<void> {
    const found = await this.attempt(() => this.upkeep.getStorage());
    const tables = this.metrics.gauge('tidemark_table_size_bytes');
    tables.reset();
    for (const { table, bytes } of found?.data ?? []) tables.inc({ table }, bytes); // adds up its months
    const disk = this.metrics.gauge('tidemark_disk_size_bytes');
    const free = this.metrics.gauge('tidemark_disk_free_bytes');
    const left = this.metrics.gauge('tidemark_disk_left_seconds');
    for (const gauge of [disk, free, left]) gauge.remove();
    if (found === undefined || found.disk_bytes === null) return;
    disk.set(found.disk_bytes);
    free.set(Math.max(0, found.disk_bytes - found.database_bytes));
    left.set((found.days_until_full ?? Infinity) * DAY_SECONDS);
  }

  private async attempt<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withTimeout(read(), TIMEOUT_MS, 'no answer in time');
    } catch (error) {
      this.warning.warn(`metrics of the installation are missing: ${(error as Error).message}`);
      return undefined;
    }
  }
}

const NUMBERS = {
  tidemark_pending_events: (found: Installation) => found.pendingEvents,
  tidemark_pending_batches: (found: Installation) => found.pendingBatches,
  tidemark_pending_oldest_age_seconds: (found: Installation) => found.pendingOldestSeconds,
  tidemark_audit_unsealed_entries: (found: Installation) => found.unsealedEntries,
  tidemark_audit_unsealed_oldest_age_seconds: (found: Installation) => found.unsealedOldestSeconds,
  tidemark_audit_checkpoint_age_seconds: (found: Installation) => found.checkpointSeconds,
  tidemark_audit_inconsistent_trees: (found: Installation) => found.inconsistentTrees,
  tidemark_database_size_bytes: (found: Installation) => found.databaseBytes,
  tidemark_clickhouse_waiting_events: (found: Installation) => found.clickhouseWaiting,
  tidemark_clickhouse_lag_seconds: (found: Installation) => found.clickhouseLagSeconds,
};
