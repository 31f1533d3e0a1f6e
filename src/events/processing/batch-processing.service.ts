import { Injectable, Logger } from '@nestjs/common';
import { RollupsRepository } from '../../analytics/rollups/rollups.repository.js';
import { Database, isConnectionError, type Sql, sqlState } from '../../platform/database/database.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { FailedEventsRepository } from '../dead-letters/failed-events.repository.js';
import { Quarantine } from '../dead-letters/quarantine.js';
import { BatchesRepository, type QueuedBatch } from './batches.repository.js';
import { ProcessingMetrics } from './processing-metrics.js';

/** Failures after which the events of a batch are tried one by one. */
const ATTEMPTS_BEFORE_ISOLATION = 3;

/**
 * Counts batches exactly once: claiming, rollups and marking as processed are one transaction. A process that is killed
 * in between leaves the batch queued and the rollups untouched; a second worker finds nothing to claim and is done.
 */
@Injectable()
export class BatchProcessingService {
  private readonly logger = new Logger(BatchProcessingService.name);
  private readonly metrics: ProcessingMetrics;

  constructor(
    private readonly database: Database,
    private readonly batches: BatchesRepository,
    private readonly rollups: RollupsRepository,
    private readonly failedEvents: FailedEventsRepository,
    private readonly quarantine: Quarantine,
    metrics: Metrics,
  ) {
    this.metrics = new ProcessingMetrics(metrics);
  }

  /**
   * @returns how many batches were processed; those that are done or held by another worker don't count
   * @throws when the database is away
   */
  async process(batchIds: readonly string[]): Promise<number> {
    try {
      return await this.processTogether(batchIds);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      if (batchIds.length === 1) return this.recordFailure(batchIds, error);
    }
    // One of them fails; the others must not fail with it.
    let processed = 0;
    for (const id of batchIds) processed += await this.process([id]);
    return processed;
  }

  private async processTogether(batchIds: readonly string[]): Promise<number> {
    const since = performance.now();
    const claimed = await this.database.inSystem(async (sql) => {
      const claimed = await this.batches.claim(sql, batchIds);
      if (claimed.length === 0) return claimed;
      const quarantining = claimed.filter((batch) => batch.quarantines);
      if (quarantining.length > 0) await this.quarantine.isolate(sql, quarantining);
      const [only] = claimed;
      if (claimed.length === 1 && only !== undefined && only.attempts >= ATTEMPTS_BEFORE_ISOLATION) {
        await this.countIsolating(sql, only);
      } else {
        await this.metrics.timeRollup(() => this.rollups.countEvents(sql, claimed));
      }
      await this.batches.markProcessed(
        sql,
        claimed.map((batch) => batch.id),
      );
      return claimed;
    });
    this.metrics.processed(since, claimed);
    return claimed.length;
  }

  private async recordFailure(batchIds: readonly string[], error: unknown): Promise<number> {
    const reason = (error as Error).message;
    this.logger.error(`batch ${batchIds.join()} failed: ${reason}`);
    await this.batches.recordFailure(this.database.system, batchIds, reason.slice(0, 1_000));
    this.metrics.failed(batchIds.length);
    return 0;
  }

  /** Counts the batch by halves until only the events that cannot be counted are left; those become failed events. */
  private async countIsolating(sql: Sql, batch: QueuedBatch): Promise<void> {
    await sql.query('savepoint piece');
    try {
      await this.rollups.countEvents(sql, [batch]);
      await sql.query('release savepoint piece');
    } catch (error) {
      if (sqlState(error) === undefined || isConnectionError(error)) throw error;
      await sql.query('rollback to savepoint piece');
      const halves = await this.failedEvents.halve(sql, batch);
      if (halves === null) await this.failedEvents.insertUncounted(sql, batch, (error as Error).message);
      else for (const half of halves) await this.countIsolating(sql, half);
    }
  }
}
