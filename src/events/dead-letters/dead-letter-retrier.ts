import { Injectable, Logger } from '@nestjs/common';
import { FailedCountsRepository } from '../../analytics/counts/failed-counts.repository.js';
import { RollupsRepository } from '../../analytics/rollups/rollups.repository.js';
import { Database, isConnectionError, type Sql, sqlState } from '../../platform/database/database.js';
import type { Principal } from '../../platform/http/principal.js';
import type { FieldError } from '../../platform/http/problem.js';
import type { DeadLetter } from './dead-letter.js';
import { FailedEventsRepository } from './failed-events.repository.js';
import { Quarantine, reasonOf } from './quarantine.js';

export interface RetryResult {
  /** Dead letters that were tried, without those that are gone or locked by another worker. */
  retried: number;
  /** How many of them are processed now. */
  processed: number;
}

/** Who changes a payload. */
export type Patcher = Pick<Principal, 'tenantId' | 'clientId' | 'keyId'>;

export class PatchRefused extends Error {
  /** @param faults of the schema; none when counting fails */
  constructor(readonly faults: readonly FieldError[]) {
    super('the patched event does not pass');
  }
}

type Claim = (sql: Sql) => Promise<DeadLetter[]>;

const DEADLOCK = '40P01';

/**
 * Tries dead letters again, exactly once each: the lock on a dead letter, its move in the rollups and its removal are
 * one transaction. A process that is killed in between leaves the dead letter and the rollups as they were; a second
 * retry finds no dead letter. Dead letters are retried in chunks, each with a handful of statements.
 */
@Injectable()
export class DeadLetterRetrier {
  private readonly logger = new Logger(DeadLetterRetrier.name);

  constructor(
    private readonly database: Database,
    private readonly failedEvents: FailedEventsRepository,
    private readonly quarantine: Quarantine,
    private readonly counts: FailedCountsRepository,
    private readonly rollups: RollupsRepository,
  ) {}

  /** Up to `limit` dead letters of any tenant that are due. */
  retryDue(limit: number): Promise<RetryResult> {
    return this.retry((sql) => this.failedEvents.claimDue(sql, limit));
  }

  /** These dead letters of a tenant, whether due or dead. */
  retryDeadLetters(tenantId: string, eventIds: readonly string[]): Promise<RetryResult> {
    const tenants = eventIds.map(() => tenantId);
    return this.retry((sql) => this.failedEvents.claim(sql, tenants, eventIds));
  }

  /** One dead letter; waits for a transaction that holds it. */
  retryOne(tenantId: string, eventId: string): Promise<RetryResult> {
    return this.retry((sql) => this.failedEvents.claimOne(sql, tenantId, eventId));
  }

  /**
   * Gives an event another payload and counts it, both or neither. The old payload is kept.
   * @param alsoIn runs in the transaction of the change
   * @throws PatchRefused when it still does not pass
   */
  async patch(by: Patcher, eventId: string, payload: string, alsoIn: (sql: Sql) => Promise<void>): Promise<void> {
    try {
      await this.database.inSystem(async (sql) => {
        const [deadLetter] = await this.failedEvents.claimOne(sql, by.tenantId, eventId);
        if (deadLetter === undefined) return;
        const [faults = []] = await this.quarantine.faultsOf(sql, [{ ...deadLetter, payload }]);
        if (faults.length > 0) throw new PatchRefused(faults);
        await this.failedEvents.patch(sql, deadLetter, payload, by);
        await this.count(sql, [deadLetter]);
        await alsoIn(sql);
      });
    } catch (error) {
      if (sqlState(error) === undefined || isConnectionError(error)) throw error;
      this.logger.error(`retry of patched event ${eventId} failed: ${(error as Error).message}`);
      throw new PatchRefused([]);
    }
  }

  private async retry(claim: Claim): Promise<RetryResult> {
    let claimed: DeadLetter[] = [];
    const claimAndKeep = async (sql: Sql) => (claimed = await claim(sql));
    try {
      return await this.retryTogether(claimAndKeep);
    } catch (error) {
      if (isConnectionError(error) || sqlState(error) === undefined || claimed.length === 0) throw error;
      if (claimed.length > 1 || sqlState(error) === DEADLOCK) return this.retryByHalves(claimed);
      return this.recordFailure(claimed, error as Error);
    }
  }

  private retryTogether(claim: Claim): Promise<RetryResult> {
    return this.database.inSystem(async (sql) => {
      const deadLetters = await claim(sql);
      if (deadLetters.length === 0) return { retried: 0, processed: 0 };
      const faults = await this.quarantine.faultsOf(sql, deadLetters);
      const failed = deadLetters.filter((_letter, index) => faults[index]!.length > 0);
      const passed = deadLetters.filter((_letter, index) => faults[index]!.length === 0);
      if (failed.length > 0) {
        const reasons = faults.filter((found) => found.length > 0).map(reasonOf);
        await this.failedEvents.recordFailure(sql, failed, reasons);
      }
      if (passed.length > 0) await this.count(sql, passed);
      return { retried: deadLetters.length, processed: passed.length };
    });
  }

  private async count(sql: Sql, deadLetters: readonly DeadLetter[]): Promise<void> {
    await this.failedEvents.resolve(sql, deadLetters); // first: an event with a dead letter counts as failed
    const counted = deadLetters.filter((deadLetter) => deadLetter.counted);
    if (counted.length > 0) {
      await this.counts.moveToProcessed(
        sql,
        counted.map((deadLetter) => deadLetter.tenant_id),
        counted.map((deadLetter) => deadLetter.event_id),
      );
    }
    const uncounted = deadLetters.filter((deadLetter) => !deadLetter.counted);
    if (uncounted.length > 0) await this.rollups.countEvents(sql, uncounted.map(asBatch));
  }

  /** One of them fails; the others must not fail with it. */
  private async retryByHalves(deadLetters: readonly DeadLetter[]): Promise<RetryResult> {
    const middle = Math.ceil(deadLetters.length / 2);
    const sum = { retried: 0, processed: 0 };
    for (const half of [deadLetters.slice(0, middle), deadLetters.slice(middle)]) {
      if (half.length === 0) continue;
      const { retried, processed } = await this.retry((sql) => this.claimAgain(sql, half));
      sum.retried += retried;
      sum.processed += processed;
    }
    return sum;
  }

  private async recordFailure(deadLetters: readonly DeadLetter[], error: Error): Promise<RetryResult> {
    this.logger.error(`retry of event ${deadLetters[0]?.event_id} failed: ${error.message}`);
    await this.database.inSystem(async (sql) => {
      const claimed = await this.claimAgain(sql, deadLetters);
      await this.failedEvents.recordFailure(
        sql,
        claimed,
        claimed.map(() => error.message),
      );
    });
    return { retried: deadLetters.length, processed: 0 };
  }

  private claimAgain(sql: Sql, deadLetters: readonly DeadLetter[]): Promise<DeadLetter[]> {
    return this.failedEvents.claim(
      sql,
      deadLetters.map((deadLetter) => deadLetter.tenant_id),
      deadLetters.map((deadLetter) => deadLetter.event_id),
    );
  }
}

/** One event as a batch of its own, for counting. */
const asBatch = (deadLetter: DeadLetter) => ({
  id: deadLetter.batch_id,
  tenant_id: deadLetter.tenant_id,
  first_id: deadLetter.event_id,
  last_id: deadLetter.event_id,
});
