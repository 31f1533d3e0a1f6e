import { Injectable, Logger } from '@nestjs/common';
import { FailedCountsRepository } from '../../analytics/failed-counts.repository.js';
import { RollupsRepository } from '../../analytics/rollups.repository.js';
import { Database, isConnectionError, type Sql, sqlState } from '../../platform/database.js';
import type { Principal } from '../../platform/principal.js';
import type { FieldError } from '../../platform/problem.js';
import type { DeadLetter } from './dead-letter.js';
import { FailedEventsRepository } from './failed-events.repository.js';
import { Quarantine, reasonOf } from './quarantine.js';

export interface RetryResult {
  /** Letters that were tried: those that are gone or held by somebody else don't count. */
  retried: number;
  /** Of them, how many are processed now. */
  processed: number;
}

/** Who changes a payload. */
export type Patcher = Pick<Principal, 'tenantId' | 'clientId' | 'keyId'>;

export class PatchRefused extends Error {
  /** @param faults what the schema has against it; none when it is counting that fails */
  constructor(readonly faults: readonly FieldError[]) {
    super('the patched event does not pass');
  }
}

type Claim = (sql: Sql) => Promise<DeadLetter[]>;

const DEADLOCK = '40P01';

/**
 * Tries dead letters again, exactly once each: the lock on a letter, its move in the rollups and its removal are one
 * transaction. Whatever dies in between leaves the letter and the rollups as they were; whoever comes second finds no
 * letter. Letters go in chunks, each a handful of statements.
 */
@Injectable()
export class LetterRetrier {
  private readonly logger = new Logger(LetterRetrier.name);

  constructor(
    private readonly database: Database,
    private readonly failedEvents: FailedEventsRepository,
    private readonly quarantine: Quarantine,
    private readonly counts: FailedCountsRepository,
    private readonly rollups: RollupsRepository,
  ) {}

  /** Up to `limit` letters of any tenant whose time has come. */
  retryDue(limit: number): Promise<RetryResult> {
    return this.retry((sql) => this.failedEvents.claimDue(sql, limit));
  }

  /** These letters of a tenant, whether due or dead. */
  retryLetters(tenantId: string, eventIds: readonly string[]): Promise<RetryResult> {
    const tenants = eventIds.map(() => tenantId);
    return this.retry((sql) => this.failedEvents.claim(sql, tenants, eventIds));
  }

  /** One letter; waits for whoever has it at the moment. */
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
        const [letter] = await this.failedEvents.claimOne(sql, by.tenantId, eventId);
        if (letter === undefined) return;
        const [faults = []] = await this.quarantine.faultsOf(sql, [{ ...letter, payload }]);
        if (faults.length > 0) throw new PatchRefused(faults);
        await this.failedEvents.patch(sql, letter, payload, by);
        await this.count(sql, [letter]);
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
      const letters = await claim(sql);
      if (letters.length === 0) return { retried: 0, processed: 0 };
      const faults = await this.quarantine.faultsOf(sql, letters);
      const failed = letters.filter((_letter, index) => faults[index]!.length > 0);
      const passed = letters.filter((_letter, index) => faults[index]!.length === 0);
      if (failed.length > 0) {
        const reasons = faults.filter((found) => found.length > 0).map(reasonOf);
        await this.failedEvents.recordFailure(sql, failed, reasons);
      }
      if (passed.length > 0) await this.count(sql, passed);
      return { retried: letters.length, processed: passed.length };
    });
  }

  private async count(sql: Sql, letters: readonly DeadLetter[]): Promise<void> {
    await this.failedEvents.resolve(sql, letters); // first: what has a letter counts as failed
    const counted = letters.filter((letter) => letter.counted);
    if (counted.length > 0) {
      await this.counts.moveToProcessed(
        sql,
        counted.map((letter) => letter.tenant_id),
        counted.map((letter) => letter.event_id),
      );
    }
    const uncounted = letters.filter((letter) => !letter.counted);
    if (uncounted.length > 0) await this.rollups.countEvents(sql, uncounted.map(asBatch));
  }

  /** One of them fails: the others must not fail with it. */
  private async retryByHalves(letters: readonly DeadLetter[]): Promise<RetryResult> {
    const middle = Math.ceil(letters.length / 2);
    const sum = { retried: 0, processed: 0 };
    for (const half of [letters.slice(0, middle), letters.slice(middle)]) {
      if (half.length === 0) continue;
      const { retried, processed } = await this.retry((sql) => this.claimAgain(sql, half));
      sum.retried += retried;
      sum.processed += processed;
    }
    return sum;
  }

  private async recordFailure(letters: readonly DeadLetter[], error: Error): Promise<RetryResult> {
    this.logger.error(`retry of event ${letters[0]?.event_id} failed: ${error.message}`);
    await this.database.inSystem(async (sql) => {
      const claimed = await this.claimAgain(sql, letters);
      await this.failedEvents.recordFailure(
        sql,
        claimed,
        claimed.map(() => error.message),
      );
    });
    return { retried: letters.length, processed: 0 };
  }

  private claimAgain(sql: Sql, letters: readonly DeadLetter[]): Promise<DeadLetter[]> {
    return this.failedEvents.claim(
      sql,
      letters.map((letter) => letter.tenant_id),
      letters.map((letter) => letter.event_id),
    );
  }
}

/** One event as a batch of its own, for counting. */
const asBatch = (letter: DeadLetter) => ({
  id: letter.batch_id,
  tenant_id: letter.tenant_id,
  first_id: letter.event_id,
  last_id: letter.event_id,
});
