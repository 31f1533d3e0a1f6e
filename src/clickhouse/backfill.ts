import { Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../platform/database/database.js';
import { ClickHouseFeed } from './feed.js';
import { type EventPosition, FeedRepository } from './feed.repository.js';
import { FedTables } from './fed-tables.repository.js';

const EVENTS_PER_STEP = 5_000;
const FIRST: EventPosition = {
  tenantId: '00000000-0000-0000-0000-000000000000',
  id: '00000000-0000-0000-0000-000000000000',
};
const SETTLING_MS = 200;

export interface Backfilled {
  /** Sent by this run. */
  events: number;
  /** Whether an earlier run had begun. */
  wasResumed: boolean;
}

/**
 * Sends every event once to ClickHouse, while events come in and are sent by the feed. After each step its place is in
 * PostgreSQL, so that another run goes on from there.
 */
@Injectable()
export class Backfill {
  constructor(
    private readonly database: Database,
    private readonly feeds: FeedRepository,
    private readonly feed: ClickHouseFeed,
    private readonly tables: FedTables,
  ) {}

  /**
   * @param restart empties the tables first
   * @param onStep with the events of this run so far, and how much of all ids is done, roughly
   */
  async run({
    restart,
    onStep,
  }: {
    restart: boolean;
    onStep: (progress: { events: number; percent: number }) => void;
  }): Promise<Backfilled> {
    await this.feeds.open();
    if (restart) await this.empty();
    while (!(await this.feeds.isSettled())) await sleep(SETTLING_MS);
    let events = 0;
    let wasResumed: boolean | undefined;
    for (;;) {
      const step = await this.step();
      if (step === undefined) continue; // the tables had been lost: from the beginning
      wasResumed ??= step.wasResumed;
      if (step.isEnd) return { events, wasResumed };
      events += step.sent;
      onStep({ events, percent: await this.feeds.getBackfillPercent() });
    }
  }

  private step(): Promise<{ sent: number; wasResumed: boolean; isEnd: boolean } | undefined> {
    return this.feed.asOnlyWriter(async (sql, { position }) => {
      const version = await this.feeds.nextVersion(sql);
      const events = await this.feeds.readPage(sql, position ?? FIRST, EVENTS_PER_STEP);
      const last = events.at(-1);
      const wasResumed = position !== null;
      if (last === undefined) {
        await this.feeds.completeBackfill(sql);
        return { sent: 0, wasResumed, isEnd: true };
      }
      const counted = events.filter((event) => event.is_counted);
      await this.feed.send(counted, version);
      await this.feeds.saveBackfill(sql, { tenantId: last.tenant_id, id: last.id });
      return { sent: counted.length, wasResumed, isEnd: false };
    });
  }

  private async empty(): Promise<void> {
    await this.database.inSystem(async (sql) => {
      await this.feeds.lock(sql);
      await this.feeds.restart(sql);
    });
    await this.tables.drop();
  }
}
