import { Logger } from '@nestjs/common';
import type pg from 'pg';
import { REPLAYED, WRITTEN } from './server-sql.js';

/** What the primary had written to its log at a time of this clock. */
interface Sample {
  at: number;
  position: bigint;
}

/** Readers within this time share one look. */
const LOOK_EVERY_MS = 1_000;
/** Commits may reach the log in another order than that of their times, by less than this. */
const COMMIT_ORDER_MS = 1_000;
const MAX_SAMPLES = 600;

/**
 * A streaming standby that answers what may be some seconds old. How old is not asked of the standby alone, for which
 * an idle primary looks like one that it has lost: it has everything until the last moment at which the primary had
 * written no more than what the standby has replayed by now.
 */
export class Replica {
  private readonly logger = new Logger('Replica');
  private readonly samples: Sample[] = [];
  private lookedAt = 0;
  private looking: Promise<void> | undefined;
  private knownUntil: number | undefined;
  /** Why it is not used; undefined while it is. */
  private fault: string | undefined;

  constructor(
    readonly pool: pg.Pool,
    private readonly primary: pg.Pool,
    private readonly maxLagMs: number,
  ) {}

  /** Everything that was committed until this time is there; undefined: it is down or lags too much. */
  async asOf(): Promise<number | undefined> {
    if (Date.now() - this.lookedAt >= LOOK_EVERY_MS) {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    }
    // Nobody waits for a replica that did not answer the last time.
    if (this.fault === undefined) await this.looking;
    return this.fault === undefined && this.isRecent() ? this.knownUntil : undefined;
  }

  /** It failed to answer: until the next look it is not asked. */
  leave(error: Error): void {
    this.setFault(error.message);
  }

  private isRecent(): boolean {
    return this.knownUntil !== undefined && Date.now() - this.knownUntil <= this.maxLagMs;
  }

  private async look(): Promise<void> {
    try {
      await this.compare();
      this.setFault(
        this.isRecent() ? undefined : 'it lags more than REPLICA_MAX_LAG_SECONDS, or follows nobody any more',
      );
    } catch (error) {
      this.setFault((error as Error).message);
    } finally {
      this.lookedAt = Date.now();
    }
  }

  private async compare(): Promise<void> {
    const at = Date.now();
    const { rows: written } = await this.primary.query<{ position: string }>(WRITTEN);
    this.samples.push({ at, position: BigInt(written[0]!.position) }); // a select without from has one row
    const { rows: found } = await this.pool.query<{ position: string | null; committed_ms: number | null }>(REPLAYED);
    const { position, committed_ms: committed } = found[0]!; // as above
    if (position === null) return void (this.knownUntil = undefined); // a primary: nobody knows of which rows
    const replayed = this.samples.findLastIndex((sample) => sample.position <= BigInt(position));
    const sampledAt = this.samples[replayed]?.at ?? 0;
    this.samples.splice(0, Math.max(replayed, this.samples.length - MAX_SAMPLES));
    this.knownUntil = Math.max(sampledAt, Math.min((committed ?? 0) - COMMIT_ORDER_MS, at));
  }

  private setFault(fault: string | undefined): void {
    if (fault !== undefined && this.fault === undefined) {
      this.logger.warn(`Analytics are read from the primary instead of DATABASE_REPLICA_URL: ${fault}`);
    }
    if (fault === undefined && this.fault !== undefined) this.logger.log('Analytics are read from the replica again');
    this.fault = fault;
  }
}
