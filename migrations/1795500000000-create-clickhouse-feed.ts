import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { importRows, tenantRows } from './support/row-security.js';

const FUNCTIONS = ['event_shard', 'queue_clickhouse_batch', 'queue_clickhouse_change'];

/**
 * One row as long as workers feed ClickHouse, and none otherwise. Whoever sends something locks it: so there is one
 * writer at a time, and a version that is higher was read later. A transaction that did not see the row may still
 * commit after it: what is older than `opened_xid` must have ended before anything is complete.
 */
const FEEDS = `
create table clickhouse_feeds (
  is_only         boolean primary key default true constraint clickhouse_feeds_is_only_check check (is_only),
  feed_id         uuid not null,
  version         bigint not null default 0,
  opened_at       timestamptz not null default now(),
  opened_xid      xid8 not null default pg_current_xact_id(),
  seen_at         timestamptz not null default now(),
  backfill_tenant uuid,
  backfill_id     uuid,
  completed_at    timestamptz
);
comment on table clickhouse_feeds is
  'That workers feed ClickHouse, and how far its backfill is. Written by workers. Goes when no worker has CLICKHOUSE_URL any more.';
grant select on clickhouse_feeds to tidemark_app;
grant select, insert, update, delete on clickhouse_feeds to tidemark_system`;

/** Of all batches that were counted since the feed was opened: whether their events are in ClickHouse. */
const BATCHES = `
create table clickhouse_batches (
  tenant_id   uuid not null,
  id          uuid not null,
  first_id    uuid not null,
  last_id     uuid not null,
  event_count integer not null,
  queued_at   timestamptz not null default now(),
  sent_at     timestamptz,
  primary key (tenant_id, id)
);
create index clickhouse_batches_waiting_idx on clickhouse_batches (queued_at, id) where sent_at is null;
comment on table clickhouse_batches is
  'Counted batches that are to be in ClickHouse, and when they were sent. Written with the count, and by the worker that sends. Goes a week after it was sent.';
grant select on clickhouse_batches to tidemark_app;
grant select, insert, update, delete on clickhouse_batches to tidemark_system`;

/** sent_version: the new version is there, and older ones are to be removed from every file; is_purging: that was ordered. */
const CHANGES = `
create table clickhouse_changes (
  seq          bigint generated always as identity primary key,
  tenant_id    uuid not null,
  event_id     uuid not null,
  event_type   text,
  event_time   timestamptz,
  old_shard    bigint,
  purges       boolean not null default false,
  changed_at   timestamptz not null default now(),
  sent_version bigint,
  is_purging   boolean not null default false
);
create index clickhouse_changes_tenant_idx on clickhouse_changes (tenant_id, changed_at);
comment on table clickhouse_changes is
  'Events that were changed or removed and wait for their version in ClickHouse. Written in the transaction of the change. Goes when the version is there.';
grant select, insert on clickhouse_changes to tidemark_app;
grant select, insert, update, delete on clickhouse_changes to tidemark_system`;

const REMOVALS = `
create table clickhouse_removals (
  id      bigint generated always as identity primary key,
  from_id uuid not null,
  to_id   uuid not null
);
comment on table clickhouse_removals is
  'Months of events that retention has dropped and ClickHouse has to remove. Written by workers. Goes when the removal was ordered there.';
grant select, insert, delete on clickhouse_removals to tidemark_system`;

/** The conditions keep the functions out of ingest. Triggers for each row are on every partition, also on later ones. */
const TRIGGERS = `
create trigger queue_clickhouse_batch after update of status on ingest_batches for each row
  when (new.status = 'processed' and old.status <> 'processed') execute function queue_clickhouse_batch();
create trigger queue_clickhouse_import after insert on ingest_batches for each row
  when (new.status = 'processed') execute function queue_clickhouse_batch();
create trigger queue_clickhouse_change
  after update of user_id, session_id, event_id, payload, enrichment, context_id or delete on events for each row
  execute function queue_clickhouse_change('events');
create trigger queue_clickhouse_change after insert or delete on failed_events for each row
  execute function queue_clickhouse_change('failed_events')`;

export class CreateClickhouseFeed1795500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [FEEDS, BATCHES, CHANGES, REMOVALS]) await runner.query(sql);
    for (const table of ['clickhouse_batches', 'clickhouse_changes']) {
      await runner.query(tenantRows(table));
      await runner.query(importRows(table));
    }
    await createFunctions(runner, FUNCTIONS);
    await runner.query(TRIGGERS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop trigger queue_clickhouse_change on failed_events;
      drop trigger queue_clickhouse_change on events;
      drop trigger queue_clickhouse_import on ingest_batches; drop trigger queue_clickhouse_batch on ingest_batches`);
    await dropFunctions(runner, FUNCTIONS);
    await runner.query('drop table clickhouse_removals, clickhouse_changes, clickhouse_batches, clickhouse_feeds');
  }
}
