import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../platform/database/database.js';
import { DAY_MS, type TimeRange } from '../platform/time/time.js';
import { type DayCount, DayCountsRepository, type DayOfType } from './day-counts.repository.js';
import { tombstoneOf } from './event-rows.js';
import { ClickHouseFeed } from './feed.js';
import { FeedRepository } from './feed.repository.js';
import { FedTables } from './fed-tables.repository.js';

/** A UTC day of one tenant and type whose events in ClickHouse are not those of PostgreSQL. */
export interface FeedDifference {
  tenant_id: string;
  day: string;
  event_type: string;
  postgresql: number;
  clickhouse: number;
  repaired: boolean;
}

const EVENTS_PER_STEP = 5_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/**
 * Compares the events in ClickHouse with those in PostgreSQL, while events come in. In one transaction, as the only
 * writer, everything that waits is sent and then counted on both sides: they must agree exactly. What comes meanwhile
 * waits for the end of the comparison.
 */
@Injectable()
export class Reconciliation {
  constructor(
    private readonly database: Database,
    private readonly counts: DayCountsRepository,
    private readonly feeds: FeedRepository,
    private readonly feed: ClickHouseFeed,
    private readonly tables: FedTables,
  ) {}

  /** @param range is widened to whole UTC days @throws NotFedError */
  async compare(range: TimeRange, options: { repair: boolean; tenantId?: string }): Promise<FeedDifference[]> {
    const days = { from: Math.floor(range.from / DAY_MS) * DAY_MS, to: Math.ceil(range.to / DAY_MS) * DAY_MS };
    const tenantId = options.tenantId ?? null;
    const found = await this.database.inSystem(async (sql) => {
      await this.counts.freeze(sql);
      await this.feed.refuseUnfed(sql);
      await this.feed.sendAll(sql);
      return different(await this.counts.count(sql, days, tenantId), await this.tables.count(days, tenantId));
    });
    if (options.repair) for (const one of found) await this.repair(one);
    return found.map((one) => ({ ...one, repaired: options.repair }));
  }

  /** Sends all events of the day and type anew, and a tombstone for each that PostgreSQL does not have. */
  private async repair({ tenant_id: tenantId, day, event_type: eventType }: Found): Promise<void> {
    const of: DayOfType = { tenantId, day, eventType };
    await this.feed.asOnlyWriter(async (sql) => {
      const version = await this.feeds.nextVersion(sql);
      const there = new Map((await this.tables.listDay(of)).map((event) => [event.id, event]));
      for await (const ids of this.pages(sql, of)) {
        await this.feed.send(await this.feeds.readEvents(sql, tenantId, ids), version);
        for (const id of ids) there.delete(id);
      }
      const gone = [...there.values()].map((event) => ({ ...event, tenant_id: tenantId, event_type: eventType }));
      await this.tables.insert(gone.map((event) => tombstoneOf(event, version)));
    });
  }

  private async *pages(sql: Sql, of: DayOfType): AsyncGenerator<string[]> {
    let after: string | undefined = FIRST_ID;
    while (after !== undefined) {
      const ids: string[] = await this.counts.listIds(sql, of, after, EVENTS_PER_STEP);
      if (ids.length > 0) yield ids;
      after = ids.at(-1);
    }
  }
}

type Found = Omit<FeedDifference, 'repaired'>;

const keyOf = ({ tenant_id, day, event_type }: DayCount) => [tenant_id, day, event_type].join('\0');

function different(postgresql: readonly DayCount[], clickhouse: readonly DayCount[]): Found[] {
  const here = new Map(postgresql.map((count) => [keyOf(count), count]));
  const there = new Map(clickhouse.map((count) => [keyOf(count), count]));
  const all = new Map([...here, ...there]);
  return [...all].flatMap(([key, { tenant_id, day, event_type }]): Found[] => {
    const [a, b] = [here.get(key), there.get(key)];
    if (a?.events === b?.events && a?.users === b?.users && a?.bytes === b?.bytes) return [];
    return [{ tenant_id, day, event_type, postgresql: a?.events ?? 0, clickhouse: b?.events ?? 0 }];
  });
}
