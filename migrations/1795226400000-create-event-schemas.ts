import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Schemas of event types.
 * - event_type_registries: one row per tenant that ever had a schema. Its version goes up with each change, so that a
 *   process learns with one short row per tenant whether what it knows is still right; its lock orders the changes.
 * - event_type_schemas: json, not jsonb, keeps the order in which people wrote it.
 */
const SCHEMAS = `
create table event_type_registries (
  tenant_id uuid primary key,
  version   bigint not null default 0
);
create table event_type_schemas (
  tenant_id  uuid not null,
  event_type text not null,
  version    bigint not null,
  mode       text not null check (mode in ('reject', 'quarantine')),
  schema     json not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, event_type)
)`;

/**
 * Dead letters. A row means that its event is stored and not counted as processed; it goes when a retry succeeds.
 * \`counted\` says whether the rollups hold the event as failed: not so when counting it is what failed.
 * event_patches keeps every payload that a patch replaced.
 */
const DEAD_LETTERS = `
update failed_events set state = 'dead' where state = 'resolved';
alter table failed_events drop constraint failed_events_state_check;
alter table failed_events add constraint failed_events_state_check check (state in ('open', 'dead', 'discarded'));
alter table failed_events add column counted boolean not null default true;
create index failed_events_due_idx on failed_events (next_retry_at) where state = 'open';
create table event_patches (
  tenant_id  uuid not null,
  event_id   uuid not null,
  id         uuid not null,
  client_id  text not null,
  key_id     uuid,
  payload    jsonb not null,
  patched_at timestamptz not null default now(),
  primary key (tenant_id, event_id, id)
)`;

const rowSecurity = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true)`;

const GRANTS = `
grant select on event_type_registries, event_type_schemas, event_patches to tidemark_app, tidemark_system;
grant insert, update on event_type_registries to tidemark_app;
grant insert, update, delete on event_type_schemas to tidemark_app;
grant insert on event_patches to tidemark_system;
grant update (payload) on events to tidemark_system;
revoke delete on failed_events from tidemark_app`;

const TABLES = ['event_type_registries', 'event_type_schemas', 'event_patches'];

export class CreateEventSchemas1795226400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SCHEMAS);
    await runner.query(DEAD_LETTERS);
    for (const table of TABLES) await runner.query(rowSecurity(table));
    await runner.query(GRANTS);
  }

  /** What was discarded comes back as a dead letter. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table ${TABLES.join(', ')}`);
    await runner.query(`
      update failed_events set state = 'dead' where state = 'discarded';
      drop index failed_events_due_idx;
      alter table failed_events drop column counted;
      alter table failed_events drop constraint failed_events_state_check;
      alter table failed_events add constraint failed_events_state_check check (state in ('open', 'dead', 'resolved'));
      grant delete on failed_events to tidemark_app`);
  }
}
