import { Injectable } from '@nestjs/common';
import { CONTEXT_COLUMNS, WITH_CONTEXT } from '../analytics/properties/event-context.js';
import { IS_FAILED_BY_KEY, IS_WAITING } from '../analytics/rollups/counted-events-sql.js';
import { Database, type Sql } from '../platform/database/database.js';
import { uuid7 } from '../platform/database/uuid7.js';
import type { FedEvent, Tombstone } from './event-rows.js';

/** Who has the lock of this row is the only one that writes to ClickHouse. */
export interface Feed {
  feedId: string;
  isComplete: boolean;
  /** Where the backfill goes on; null before its first step. */
  position: EventPosition | null;
}

export interface EventPosition {
  tenantId: string;
  id: string;
}

export interface WaitingBatch {
  tenant_id: string;
  id: string;
  first_id: string;
  last_id: string;
  event_count: number;
}

export interface WaitingChange {
  seq: string;
  tenant_id: string;
  event_id: string;
  event_type: string | null;
  event_time: string | null;
  old_shard: string | null;
}

/** Rows of these events below the version are to go from every file. */
export interface Purge {
  tenantId: string;
  version: number;
  ids: string[];
}

/** Batches that one look reads, whose events may be more than it wants. */
const BATCHES_PER_LOOK = 500;
/** A feed that no worker has shown any interest in for so long is closed. */
const FORGOTTEN = '10 minutes';

/** Shorter than a statement may take. */
const LOCK_MS = 50_000;
const SENDING_MS = 300_000;

/** As ClickHouse reads it: in UTC, with microseconds. */
const timeOf = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;

/** Of events `e`; what is counted is decided when they are read. */
const EVENT = `e.tenant_id, e.id, e.event_type, ${timeOf('e.event_time')} as event_time,
  ${timeOf('e.received_at')} as received_at, e.client_id, e.event_id, e.user_id, e.session_id,
  e.payload::text as payload, e.enrichment::text as enrichment,
  ${CONTEXT_COLUMNS.replace('e.enrichment, ', '')}, event_shard(e.tenant_id, e.id, e.user_id)::text as shard_key,
  b.${IS_WAITING} is not true and not ${IS_FAILED_BY_KEY} as is_counted`;

const WITH_BATCH = `left join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id ${WITH_CONTEXT}`;

/** `order by` keeps each batch apart: all of them joined at once, every event that there is would be read. */
const READ_BATCHES = `/* clickhouse.readBatches */
select ${EVENT}
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as k (id, tenant_id, first_id, last_id)
cross join lateral (
  select * from events where tenant_id = k.tenant_id and id between k.first_id and k.last_id and batch_id = k.id
  order by id
) e ${WITH_BATCH}`;

const READ_CHANGED = `/* clickhouse.readChanged */
select ${EVENT}
from (select distinct * from unnest($1::uuid[], $2::uuid[])) as k (tenant_id, id)
cross join lateral (select * from events where tenant_id = k.tenant_id and id = k.id offset 0) e ${WITH_BATCH}`;

const READ_PAGE = `/* clickhouse.readPage */
select ${EVENT}
from (select * from events where (tenant_id, id) > ($1, $2) order by tenant_id, id limit $3) e ${WITH_BATCH}
order by e.tenant_id, e.id`;

const LOCK = `/* clickhouse.lockFeed */
select feed_id as "feedId", completed_at is not null as "isComplete", backfill_tenant as "tenantId", backfill_id as id
from clickhouse_feeds for update`;

/** What waits, so that a worker with nothing to do takes no lock. */
const HAS_WORK = `/* clickhouse.hasWork */
select exists (select from clickhouse_batches where sent_at is null) or exists (select from clickhouse_changes)
  or exists (select from clickhouse_removals)
  or exists (select from clickhouse_feeds where completed_at is null) as has`;

/** Nothing was counted before the feed was opened, and nobody is counting who did not know of it. */
const COMPLETE_EMPTY = `/* clickhouse.completeEmpty */
update clickhouse_feeds set completed_at = now()
where completed_at is null and backfill_id is null and pg_snapshot_xmin(pg_current_snapshot()) > opened_xid
  and not exists (
    select from ingest_batches b where b.status = 'processed' and not exists (
      select from clickhouse_batches c where c.tenant_id = b.tenant_id and c.id = b.id))`;

const BACKFILL_PERCENT = `/* clickhouse.backfillPercent */
select floor(100 * coalesce(sum(event_count) filter (where (b.tenant_id, b.last_id) <= (f.backfill_tenant, f.backfill_id)), 0)
  / nullif(sum(event_count), 0))::int as percent from clickhouse_feeds f cross join ingest_batches b`;

/** What PostgreSQL knows of the feed: what waits, what was sent, and what to send. */
@Injectable()
export class FeedRepository {
  constructor(private readonly database: Database) {}

  /** From now on, what is counted or changed waits to be sent. */
  async open(): Promise<void> {
    await this.database.system.query(
      `/* clickhouse.openFeed */ insert into clickhouse_feeds (feed_id) values ($1)
       on conflict (is_only) do update set seen_at = now()`,
      [uuid7()],
    );
  }

  /** Ends a feed that no worker wants any more, so that nothing waits for ever. @returns whether there was one */
  async closeForgotten(): Promise<boolean> {
    const { rowCount } = await this.database.system.query(
      `/* clickhouse.closeFeed */
       with closed as (delete from clickhouse_feeds where seen_at < now() - interval '${FORGOTTEN}' returning 1),
         batches as (delete from clickhouse_batches where exists (select from closed)),
         changes as (delete from clickhouse_changes where exists (select from closed)),
         removals as (delete from clickhouse_removals where exists (select from closed))
       select from closed`,
    );
    return rowCount === 1;
  }

  async hasWork(): Promise<boolean> {
    const { rows } = await this.database.system.query<{ has: boolean }>(HAS_WORK);
    return rows[0]?.has === true;
  }

  /**
   * Waits for whoever sends now, but not for ever; what is sent may take longer than a transaction may rest otherwise.
   * @returns null when no worker has opened the feed
   */
  async lock(sql: Sql, waitMs: number = LOCK_MS): Promise<Feed | null> {
    await sql.query(
      `/* clickhouse.limitLock */ select set_config('lock_timeout', $1, true),
         set_config('idle_in_transaction_session_timeout', $2, true)`,
      [String(waitMs), String(SENDING_MS)],
    );
    const { rows } = await sql.query<Omit<Feed, 'position'> & { tenantId: string | null; id: string | null }>(LOCK);
    if (rows[0] === undefined) return null;
    const { tenantId, id, ...feed } = rows[0];
    return { ...feed, position: tenantId === null || id === null ? null : { tenantId, id } };
  }

  /** A version above all that were read before; the one below it is free for a tombstone elsewhere. */
  async nextVersion(sql: Sql): Promise<number> {
    const { rows } = await sql.query<{ version: string }>(
      `/* clickhouse.nextVersion */
       update clickhouse_feeds set seen_at = now(),
         version = greatest(version + 2, (extract(epoch from clock_timestamp()) * 1000000)::bigint) returning version`,
    );
    return Number(rows[0]!.version); // microseconds: exact until the year 2255
  }

  /** The oldest batches that wait, of about so many events. */
  async listBatches(sql: Sql, events: number): Promise<WaitingBatch[]> {
    const { rows } = await sql.query<WaitingBatch>(
      `/* clickhouse.listBatches */
       select tenant_id, id, first_id, last_id, event_count from (
         select *, sum(event_count) over (order by queued_at, id) - event_count as before from (
           select * from clickhouse_batches where sent_at is null order by queued_at, id limit ${BATCHES_PER_LOOK}
         ) oldest
       ) summed where before < $1`,
      [events],
    );
    return rows;
  }

  async readBatches(sql: Sql, batches: readonly WaitingBatch[]): Promise<FedEvent[]> {
    const column = (of: (batch: WaitingBatch) => string) => batches.map(of);
    const values = [
      column((b) => b.id),
      column((b) => b.tenant_id),
      column((b) => b.first_id),
      column((b) => b.last_id),
    ];
    return (await sql.query<FedEvent>(READ_BATCHES, values)).rows;
  }

  async markSent(sql: Sql, batches: readonly WaitingBatch[]): Promise<void> {
    await sql.query(
      `/* clickhouse.markSent */
       update clickhouse_batches b set sent_at = now() from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
       where b.tenant_id = k.tenant_id and b.id = k.id`,
      [batches.map((batch) => batch.tenant_id), batches.map((batch) => batch.id)],
    );
  }

  async listChanges(sql: Sql, limit: number): Promise<WaitingChange[]> {
    const { rows } = await sql.query<WaitingChange>(
      `/* clickhouse.listChanges */
       select seq::text, tenant_id, event_id, event_type, ${timeOf('event_time')} as event_time, old_shard::text
       from clickhouse_changes where sent_version is null order by seq limit $1`,
      [limit],
    );
    return rows;
  }

  async readChanged(sql: Sql, changes: readonly WaitingChange[]): Promise<FedEvent[]> {
    const values = [changes.map((change) => change.tenant_id), changes.map((change) => change.event_id)];
    return (await sql.query<FedEvent>(READ_CHANGED, values)).rows;
  }

  async readEvents(sql: Sql, tenantId: string, ids: readonly string[]): Promise<FedEvent[]> {
    return (await sql.query<FedEvent>(READ_CHANGED, [ids.map(() => tenantId), ids])).rows;
  }

  /** Those that take something away stay until older versions are gone as well. */
  async finishChanges(sql: Sql, changes: readonly WaitingChange[], version: number): Promise<void> {
    await sql.query(
      `/* clickhouse.finishChanges */
       with done as (delete from clickhouse_changes where seq = any($1::bigint[]) and not purges)
       update clickhouse_changes set sent_version = $2 where seq = any($1::bigint[]) and purges`,
      [changes.map((change) => change.seq), version],
    );
  }

  /** The oldest of what is to be removed: at most `limit` events, and `groups` purges. */
  async listPurges(sql: Sql, limit: number, groups: number): Promise<{ purges: Purge[]; seqs: string[] }> {
    const { rows } = await sql.query<{ seq: string; tenant_id: string; event_id: string; version: string }>(
      `/* clickhouse.listPurges */
       select seq::text, tenant_id, event_id, sent_version::text as version from clickhouse_changes
       where sent_version is not null and not is_purging order by sent_version, tenant_id, seq limit $1`,
      [limit],
    );
    const purges: Purge[] = [];
    const seqs: string[] = [];
    for (const row of rows) {
      const version = Number(row.version);
      const last = purges.at(-1);
      if (last?.tenantId === row.tenant_id && last.version === version) last.ids.push(row.event_id);
      else if (purges.length === groups) break;
      else purges.push({ tenantId: row.tenant_id, version, ids: [row.event_id] });
      seqs.push(row.seq);
    }
    return { purges, seqs };
  }

  async markPurging(sql: Sql, seqs: readonly string[]): Promise<void> {
    await sql.query(
      '/* clickhouse.markPurging */ update clickhouse_changes set is_purging = true where seq = any($1::bigint[])',
      [seqs],
    );
  }

  async isPurging(sql: Sql): Promise<boolean> {
    const { rows } = await sql.query(
      '/* clickhouse.isPurging */ select from clickhouse_changes where is_purging limit 1',
    );
    return rows.length > 0;
  }

  async finishPurges(sql: Sql): Promise<void> {
    await sql.query('/* clickhouse.finishPurges */ delete from clickhouse_changes where is_purging');
  }

  /** Takes the oldest month that was dropped. */
  async takeRemoval(sql: Sql): Promise<{ from_id: string; to_id: string } | null> {
    const { rows } = await sql.query<{ from_id: string; to_id: string }>(
      `/* clickhouse.takeRemoval */
       delete from clickhouse_removals where id = (select min(id) from clickhouse_removals) returning from_id, to_id`,
    );
    return rows[0] ?? null;
  }

  /** Everything is to be sent anew: the tables over there are new, or were emptied. */
  async restart(sql: Sql): Promise<void> {
    await sql.query(
      `/* clickhouse.restart */
       update clickhouse_feeds set completed_at = null, backfill_tenant = null, backfill_id = null`,
    );
  }

  async completeIfEmpty(sql: Sql): Promise<boolean> {
    return (await sql.query(COMPLETE_EMPTY)).rowCount === 1;
  }

  /** The next events by tenant and id, whatever was sent of them. */
  async readPage(sql: Sql, after: EventPosition, limit: number): Promise<FedEvent[]> {
    return (await sql.query<FedEvent>(READ_PAGE, [after.tenantId, after.id, limit])).rows;
  }

  async saveBackfill(sql: Sql, position: EventPosition): Promise<void> {
    await sql.query(
      '/* clickhouse.saveBackfill */ update clickhouse_feeds set backfill_tenant = $1, backfill_id = $2',
      [position.tenantId, position.id],
    );
  }

  async completeBackfill(sql: Sql): Promise<void> {
    await sql.query(
      '/* clickhouse.completeBackfill */ update clickhouse_feeds set completed_at = coalesce(completed_at, now())',
    );
  }

  /** By the batches of which all ids were passed: good enough for a bar. */
  async getBackfillPercent(): Promise<number> {
    const { rows } = await this.database.system.query<{ percent: number | null }>(BACKFILL_PERCENT);
    return Math.min(100, rows[0]?.percent ?? 0);
  }

  /** Whether nobody counts or changes any more who did not know that the feed is open. */
  async isSettled(): Promise<boolean> {
    const { rows } = await this.database.system.query<{ is: boolean }>(
      `/* clickhouse.isSettled */
       select pg_snapshot_xmin(pg_current_snapshot()) > opened_xid as is from clickhouse_feeds`,
    );
    return rows[0]?.is === true;
  }
}

/** Of changes whose event is gone, and of events whose shard was another before. */
export function tombstonesOf(changes: readonly WaitingChange[], found: readonly FedEvent[]): Tombstone[] {
  const events = new Map(found.map((event) => [event.id, event]));
  return changes.flatMap((change): Tombstone[] => {
    const { tenant_id, event_id: id, old_shard: shard } = change;
    const { event_type, event_time } = events.get(id) ?? change;
    if (shard === null || event_type === null || event_time === null) return [];
    return [{ tenant_id, id, event_type, event_time, shard_key: shard }];
  });
}
