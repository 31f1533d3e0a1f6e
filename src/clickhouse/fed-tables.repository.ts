import { ClickHouseError } from '@clickhouse/client';
import { Injectable } from '@nestjs/common';
import { ClickHouse, type StatementOptions } from '../platform/clickhouse/clickhouse.js';
import type { TimeRange } from '../platform/time/time.js';
import type { DayCount, DayOfType } from './day-counts.repository.js';
import type { Purge } from './feed.repository.js';
import { createTables, dropTables, EVENTS, FEED, type Place, storedEvents } from '../platform/clickhouse/schema-sql.js';

/** Shorter than the transaction that waits for it may be idle. */
const TIMEOUT_MS = 20_000;
const NOTHING_THERE = ['UNKNOWN_TABLE', 'UNKNOWN_DATABASE'];
/** A mutation names its events in its text. */
const MAX_QUERY_BYTES = 16_777_216;

/**
 * Events of any week may come together. Texts stay texts. In a cluster an insert is done when the shards have it, and a
 * statement when every server has done it.
 */
const INSERT_SETTINGS = {
  max_partitions_per_insert_block: '0',
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  date_time_input_format: 'basic',
  distributed_foreground_insert: 1,
} as const;

/** So many characters of payloads go together; what is made of them is some times more. */
const CHARACTERS_PER_INSERT = 16_777_216;
/** Counting reads all events of a range. */
const COUNT_TIMEOUT_MS = 300_000;

/** The tables over there, as the feed fills them. */
@Injectable()
export class FedTables {
  private readonly place: Place;

  constructor(private readonly clickhouse: ClickHouse) {
    this.place = { database: clickhouse.database, cluster: clickhouse.cluster };
  }

  get database(): string {
    return this.place.database;
  }

  get isConfigured(): boolean {
    return this.clickhouse.isConfigured;
  }

  async create(): Promise<void> {
    for (const statement of createTables(this.place)) await this.command(statement);
  }

  async drop(): Promise<void> {
    for (const statement of dropTables(this.place)) await this.command(statement);
  }

  /** @returns of which feed the tables are; null: of none yet; undefined: there are no tables */
  async findFeed(): Promise<string | null | undefined> {
    try {
      const rows = await this.query<{ feed_id: string }>(
        `/* clickhouse.findFeed */ SELECT feed_id FROM ${this.place.database}.${FEED} LIMIT 1`,
      );
      return rows[0]?.feed_id ?? null;
    } catch (error) {
      if (error instanceof ClickHouseError && NOTHING_THERE.includes(error.type ?? '')) return undefined;
      throw error;
    }
  }

  async nameFeed(feedId: string): Promise<void> {
    await this.clickhouse.insert(FEED, [{ feed_id: feedId }], { timeoutMs: TIMEOUT_MS });
  }

  /** Rows of events and tombstones, in several inserts where they are large. */
  async insert(rows: readonly object[]): Promise<void> {
    let next: object[] = [];
    let characters = 0;
    for (const [n, row] of rows.entries()) {
      next.push(row);
      characters += (row as { payload?: string }).payload?.length ?? 0;
      if (characters < CHARACTERS_PER_INSERT && n < rows.length - 1) continue;
      await this.clickhouse.insert(EVENTS, next, { settings: INSERT_SETTINGS, timeoutMs: TIMEOUT_MS });
      next = [];
      characters = 0;
    }
  }

  /**
   * Orders that rows of these events below their version are removed from every file, in one order, since each goes
   * through all files. The tenant tells which of them need not be read.
   */
  async purge(purges: readonly Purge[]): Promise<void> {
    const conditions = purges.map(({ tenantId, version, ids }) => {
      const list = ids.map((id) => `'${id}'`).join(', ');
      return `(tenant_id = '${tenantId}' AND id IN (${list}) AND version < ${version})`;
    });
    await this.mutate(`DELETE WHERE ${conditions.join(' OR ')}`);
  }

  /** Orders that the events with ids in a range are removed from every file. */
  async remove(fromId: string, toId: string): Promise<void> {
    const bound = (id: string) => `toUInt128(toUUID('${id}'))`;
    await this.mutate(`DELETE WHERE toUInt128(id) >= ${bound(fromId)} AND toUInt128(id) < ${bound(toId)}`);
  }

  /** Whether something that was ordered is not done yet. */
  async isMutating(): Promise<boolean> {
    const { database, cluster } = this.place;
    const mutations = cluster === undefined ? 'system.mutations' : `clusterAllReplicas(${cluster}, system.mutations)`;
    const rows = await this.query<{ n: number }>(
      `/* clickhouse.isMutating */ SELECT count() AS n FROM ${mutations}
       WHERE database = {database:String} AND table = {table:String} AND NOT is_done`,
      { parameters: { database, table: storedEvents(this.place) } },
    );
    return rows[0]?.n !== 0;
  }

  /** By tenant, UTC day and type. */
  async count({ from, to }: TimeRange, tenantId: string | null): Promise<DayCount[]> {
    return this.query<DayCount>(
      `/* clickhouse.count */
       SELECT tenant_id, toString(toDate(event_time)) AS day, event_type,
         count() AS events, count(user_id) AS users, sum(length(payload)) AS bytes
       FROM ${this.place.database}.${EVENTS} FINAL
       WHERE event_time >= {from:DateTime64(3, 'UTC')} AND event_time < {to:DateTime64(3, 'UTC')}
         AND ({tenant:Nullable(UUID)} IS NULL OR tenant_id = {tenant:Nullable(UUID)})
       GROUP BY tenant_id, day, event_type`,
      { parameters: { from: new Date(from), to: new Date(to), tenant: tenantId }, timeoutMs: COUNT_TIMEOUT_MS },
    );
  }

  /** Of a tenant's events of one type and UTC day, what a tombstone needs. */
  async listDay({
    tenantId,
    day,
    eventType,
  }: DayOfType): Promise<{ id: string; event_time: string; shard_key: string }[]> {
    return this.query(
      `/* clickhouse.listDay */
       SELECT id, toString(event_time) AS event_time, toString(shard_key) AS shard_key
       FROM ${this.place.database}.${EVENTS} FINAL
       WHERE tenant_id = {tenant:UUID} AND event_type = {type:String} AND toDate(event_time) = {day:Date}`,
      { parameters: { day, tenant: tenantId, type: eventType }, timeoutMs: COUNT_TIMEOUT_MS },
    );
  }

  private query<Row>(text: string, options: StatementOptions = {}): Promise<Row[]> {
    return this.clickhouse.query<Row>(text, { timeoutMs: TIMEOUT_MS, ...options });
  }

  private command(text: string): Promise<void> {
    return this.clickhouse.command(text, { timeoutMs: TIMEOUT_MS });
  }

  /** It is done in the background, whatever happens to whoever ordered it. */
  private async mutate(change: string): Promise<void> {
    const { database, cluster } = this.place;
    const on = cluster === undefined ? '' : ` ON CLUSTER ${cluster}`;
    await this.clickhouse.command(
      `/* clickhouse.mutate */ ALTER TABLE ${database}.${storedEvents(this.place)}${on} ${change}`,
      {
        settings: { mutations_sync: '0', max_query_size: String(MAX_QUERY_BYTES) },
        timeoutMs: TIMEOUT_MS,
      },
    );
  }
}
