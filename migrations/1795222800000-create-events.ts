import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { tenantRows } from './support/row-security.js';

const FUNCTIONS = ['uuid7_lower_bound', 'ensure_partitions'];

/**
 * Partitions are monthly ranges of the UUIDv7 id, so the primary key prunes.
 * - user: journeys and per-user analytics.
 * - type: breakdowns, and the sub-minute edges of counts. Funnels read who had which event when, and nothing else: with
 *   the user in it the index alone answers.
 */
const EVENTS = `
create table events (
  tenant_id   uuid not null,
  id          uuid not null,
  batch_id    uuid not null,
  client_id   text not null,
  event_id    text not null,
  event_type  text not null,
  user_id     text,
  session_id  text,
  event_time  timestamptz not null,
  received_at timestamptz not null,
  payload     jsonb not null,
  enrichment  jsonb,
  context_id  bigint,
  primary key (tenant_id, id)
) partition by range (id);
create index events_user_idx on events (tenant_id, user_id, event_time) where user_id is not null;
create index events_type_user_idx on events (tenant_id, event_type, event_time) include (user_id);
comment on table events is
  'Every accepted event, by month. Inserted by ingest; a retry may change the payload, an erasure blanks it. Stays.'`;

/** The digest is of (tenant, client, event_id). */
const EVENT_KEYS = `
create table event_keys (
  key uuid primary key,
  id  uuid not null
) partition by hash (key);
comment on table event_keys is
  'A 16-byte digest of each event''s own id, so that a repeat is known. Inserted by ingest, in the commit of the event. Stays.'`;

const eventKeyPartition = (n: number) =>
  `create table event_keys_${n} partition of event_keys for values with (modulus 8, remainder ${n})`;

/** A batch is a range of event ids. The partial indexes hold what waits, and nothing else. */
const BATCHES = `
create table ingest_batches (
  tenant_id       uuid not null,
  id              uuid not null,
  first_id        uuid not null,
  last_id         uuid not null,
  event_count     integer not null,
  status          text not null default 'queued' check (status in ('queued', 'processed')),
  attempts        smallint not null default 0,
  next_attempt_at timestamptz,
  error           text,
  received_at     timestamptz not null default now(),
  processed_at    timestamptz,
  primary key (tenant_id, id)
) partition by range (id);
create index ingest_batches_queued_idx on ingest_batches (id) where status = 'queued';
create index ingest_batches_pending_idx on ingest_batches (tenant_id, received_at) include (event_count)
  where status = 'queued';
comment on table ingest_batches is
  'What was accepted together, by month, and whether a worker has counted it: the queue. Inserted by ingest, updated by workers. Stays.'`;

/** `counted` says whether the rollups hold the event as failed: not so when counting it is what failed. */
const DEAD_LETTERS = `
create table failed_events (
  tenant_id     uuid not null,
  event_id      uuid not null,
  reason        text not null,
  attempts      smallint not null default 1,
  next_retry_at timestamptz,
  state         text not null default 'open' check (state in ('open', 'dead', 'discarded')),
  failed_at     timestamptz not null default now(),
  counted       boolean not null default true,
  primary key (tenant_id, event_id)
);
create index failed_events_due_idx on failed_events (next_retry_at) where state = 'open';
comment on table failed_events is
  'Dead letters: events that are stored and not counted as processed. Written by workers, and by whoever discards or retries. Goes when a retry succeeds.';

create table event_patches (
  tenant_id  uuid not null,
  event_id   uuid not null,
  id         uuid not null,
  client_id  text not null,
  key_id     uuid,
  payload    jsonb not null,
  patched_at timestamptz not null default now(),
  primary key (tenant_id, event_id, id)
);
comment on table event_patches is
  'Every payload that a patch of a dead letter replaced. Inserted by the API with the patch. Goes when its event is erased.'`;

/**
 * A server sends all its events with one user agent from one address, so a context is stored once per tenant, content
 * and 25 days, and an event holds its 8 bytes, or a null that takes no room. The 25 days are part of the id: a context
 * made 25 days before the oldest event can go.
 */
const CONTEXTS = `
create table event_contexts (
  tenant_id  uuid not null,
  id         bigint not null,
  user_agent text,
  address    text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
comment on table event_contexts is
  'What is known of the requests that brought events. Inserted by ingest. Goes when the last event that names it is erased.'`;

/** The lock of a registry orders the changes. json, not jsonb, keeps the order in which people wrote a schema. */
const SCHEMAS = `
create table event_type_registries (
  tenant_id uuid primary key,
  version   bigint not null default 0
);
comment on table event_type_registries is
  'A version per tenant that goes up with each change of its schemas, so that one short row tells a process whether what it knows is still right. Written with the schemas. Stays.';

create table event_type_schemas (
  tenant_id  uuid not null,
  event_type text not null,
  version    bigint not null,
  mode       text not null check (mode in ('reject', 'quarantine')),
  schema     json not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, event_type)
);
comment on table event_type_schemas is
  'The JSON Schema of an event type. Written by keys of the scope admin. Goes when deleted.'`;

const GRANTS = `
grant select on events, event_keys, ingest_batches, failed_events, event_patches, event_contexts,
  event_type_registries, event_type_schemas to tidemark_app, tidemark_system;
grant insert, update, delete on events, event_keys, ingest_batches, failed_events to tidemark_system;
grant update (payload) on events, event_patches to tidemark_system;
grant insert, delete on event_patches, event_contexts to tidemark_system;
grant update (enrichment) on events to tidemark_app;
grant update on failed_events to tidemark_app;
grant insert, update on event_type_registries to tidemark_app;
grant insert, update, delete on event_type_schemas to tidemark_app`;

const TENANT_TABLES = [
  'events',
  'ingest_batches',
  'failed_events',
  'event_patches',
  'event_contexts',
  'event_type_registries',
  'event_type_schemas',
];

export class CreateEvents1795222800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, FUNCTIONS);
    for (const sql of [EVENTS, EVENT_KEYS, BATCHES, DEAD_LETTERS, CONTEXTS, SCHEMAS]) await runner.query(sql);
    for (let n = 0; n < 8; n++) await runner.query(eventKeyPartition(n));
    for (const table of TENANT_TABLES) await runner.query(tenantRows(table));
    await runner.query(GRANTS);
    await runner.query(`select ensure_partitions(now() - interval '1 month', 4)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table event_keys, ${TENANT_TABLES.join(', ')}`);
    await dropFunctions(runner, FUNCTIONS);
  }
}
