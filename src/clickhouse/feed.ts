import { Injectable, Logger } from '@nestjs/common';
import { Database, type Sql, sqlState } from '../platform/database/database.js';
import { type FedEvent, rowOf, tombstoneOf } from './event-rows.js';
import { type Feed, FeedRepository, tombstonesOf } from './feed.repository.js';
import { FedTables } from './fed-tables.repository.js';

/** Of one step, which is one insert: many small inserts would be many small files there. */
const EVENTS_PER_STEP = 5_000;
const CHANGES_PER_STEP = 5_000;
/** Of one statement: events, and conditions about them. */
const PURGED_PER_STEP = 5_000;
const PURGES_PER_STEP = 200;
/** A comparison may take minutes. */
const STEP_WAIT_MS = 2_000;
const LOCK_NOT_AVAILABLE = '55P03';

/** The tables in CLICKHOUSE_URL are of another installation, or of a feed before this one. */
export class ForeignTablesError extends Error {
  constructor(database: string) {
    super(
      `The tables in the database ${database} of CLICKHOUSE_URL were filled by another feed. ` +
        'Run backfill-clickhouse --restart, which empties them, or name another database.',
    );
  }
}

/** ClickHouse does not have what it should: the message says what to do. */
export class NotFedError extends Error {}

/**
 * Sends to ClickHouse what was counted and what has changed. Each step holds the lock of the feed, so there is one
 * writer at a time, and its versions grow with what they have read. What a step has sent and then not marked, because
 * it was killed, is sent again under a higher version, which replaces the first: nothing is there twice, and nothing
 * is missing.
 */
@Injectable()
export class ClickHouseFeed {
  private readonly logger = new Logger(ClickHouseFeed.name);

  constructor(
    private readonly database: Database,
    private readonly feeds: FeedRepository,
    private readonly tables: FedTables,
  ) {}

  /** Runs `work` as the only writer, with tables that are ours. @returns undefined where there is no feed */
  async asOnlyWriter<T>(work: (sql: Sql, feed: Feed) => Promise<T>, waitMs?: number): Promise<T | undefined> {
    return this.database.inSystem(async (sql) => {
      const feed = await this.feeds.lock(sql, waitMs);
      if (feed === null || !(await this.prepareTables(sql, feed))) return undefined;
      return work(sql, feed);
    });
  }

  /** @returns whether there may be more to send; nothing is sent while somebody else is sending for long */
  async step(): Promise<boolean> {
    try {
      const more = await this.asOnlyWriter(async (sql, feed) => {
        if (!feed.isComplete && (await this.feeds.completeIfEmpty(sql))) this.logger.log('ClickHouse is complete');
        return this.sendNext(sql);
      }, STEP_WAIT_MS);
      return more === true;
    } catch (error) {
      if (sqlState(error) === LOCK_NOT_AVAILABLE) return false;
      throw error;
    }
  }

  /** @throws NotFedError where there is nothing to compare or to send */
  async refuseUnfed(sql: Sql): Promise<void> {
    const feed = await this.feeds.lock(sql);
    if (feed === null) throw new NotFedError('No worker feeds ClickHouse: start one with CLICKHOUSE_URL.');
    if (!feed.isComplete) throw new NotFedError('ClickHouse does not have all events yet: run backfill-clickhouse.');
    if (!(await this.prepareTables(sql, feed)))
      throw new NotFedError('ClickHouse has lost its tables: run backfill-clickhouse.');
  }

  /** Everything that waits in the snapshot of this transaction. */
  async sendAll(sql: Sql): Promise<void> {
    while (await this.sendNext(sql));
  }

  /** Sends these events as PostgreSQL has them now, in the transaction that has read them. */
  async send(events: readonly FedEvent[], version: number): Promise<void> {
    await this.tables.insert(events.map((event) => rowOf(event, version)));
  }

  private async sendNext(sql: Sql): Promise<boolean> {
    const version = await this.feeds.nextVersion(sql);
    const batches = await this.feeds.listBatches(sql, EVENTS_PER_STEP);
    const changes = await this.feeds.listChanges(sql, CHANGES_PER_STEP);
    const fresh = batches.length === 0 ? [] : await this.feeds.readBatches(sql, batches);
    const changed = changes.length === 0 ? [] : await this.feeds.readChanged(sql, changes);
    await this.tables.insert([
      ...tombstonesOf(changes, changed).map((event) => tombstoneOf(event, version - 1)),
      ...[...fresh, ...changed].map((event) => rowOf(event, version)),
    ]);
    if (batches.length > 0) await this.feeds.markSent(sql, batches);
    if (changes.length > 0) await this.feeds.finishChanges(sql, changes, version);
    await this.removeOld(sql);
    return batches.length > 0 || changes.length > 0;
  }

  /** One order at a time, since each rewrites files. */
  private async removeOld(sql: Sql): Promise<void> {
    if (await this.feeds.isPurging(sql)) {
      if (await this.tables.isMutating()) return;
      await this.feeds.finishPurges(sql);
    }
    const { purges, seqs } = await this.feeds.listPurges(sql, PURGED_PER_STEP, PURGES_PER_STEP);
    if (purges.length > 0) {
      await this.tables.purge(purges);
      await this.feeds.markPurging(sql, seqs);
    }
    const removal = await this.feeds.takeRemoval(sql);
    if (removal !== null) await this.tables.remove(removal.from_id, removal.to_id);
  }

  /** @returns false when everything has to be sent anew, which is noted before anything else is done */
  private async prepareTables(sql: Sql, feed: Feed): Promise<boolean> {
    const found = await this.tables.findFeed();
    if (found === feed.feedId) return true;
    if (found !== null && found !== undefined) throw new ForeignTablesError(this.tables.database);
    if (feed.isComplete || feed.position !== null) {
      this.logger.warn('ClickHouse has lost its tables: run backfill-clickhouse, which fills them again');
      await this.feeds.restart(sql);
      return false;
    }
    await this.tables.create();
    await this.tables.nameFeed(feed.feedId);
    return true;
  }
}
