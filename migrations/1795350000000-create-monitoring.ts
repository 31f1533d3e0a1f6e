import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of the whole installation: no row of them is a tenant's to see. */
const systemRows = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy all_rows on ${table} to tidemark_system using (true) with check (true)`;

const INCONSISTENCIES = `
create table audit_inconsistencies (
  tenant_id uuid primary key,
  detail    text not null,
  found_at  timestamptz not null default now()
);
comment on table audit_inconsistencies is
  'Trees that do not fit their newest checkpoint. Written by workers, which compare all trees in turn. Goes when the tree fits again.';
grant select, insert, update, delete on audit_inconsistencies to tidemark_system`;

/** One row per condition, so that one worker at most begins or ends an alert; what it has to say waits in the other table. */
const ALERTS = `
create table alerts (
  name     text primary key,
  episode  uuid not null,
  firing   boolean not null,
  value    float8 not null,
  since    timestamptz not null
);
comment on table alerts is
  'Conditions that an operator is alerted to, and whether each holds. Written by workers, one at a time. Stays.';
grant select, insert, update on alerts to tidemark_system;

create table alert_messages (
  id              uuid primary key,
  name            text not null,
  body            text not null,
  created_at      timestamptz not null default now(),
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  delivered_at    timestamptz,
  error           text
);
create index alert_messages_waiting_idx on alert_messages (name, id) where delivered_at is null;
comment on table alert_messages is
  'Messages to ALERT_WEBHOOK_URL that an alert began or ended. Written by workers. Goes thirty days after it was taken.';
grant select, insert, update, delete on alert_messages to tidemark_system`;

const DEAD_LETTERS = `create index failed_events_dead_idx on failed_events (tenant_id) where state = 'dead'`;

export class CreateMonitoring1795350000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(INCONSISTENCIES);
    await runner.query(ALERTS);
    await runner.query(DEAD_LETTERS);
    for (const table of ['audit_inconsistencies', 'alerts', 'alert_messages']) await runner.query(systemRows(table));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index failed_events_dead_idx');
    await runner.query('drop table alert_messages, alerts, audit_inconsistencies');
  }
}
