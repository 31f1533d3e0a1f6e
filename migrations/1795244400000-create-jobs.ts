import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Work that an administrator asked for. The row is the truth: `done` counts the steps that are committed, and the lease,
 * by the clock of the database, says until when a worker that shows no sign of life still has it.
 */
const JOBS = `
create table jobs (
  tenant_id    uuid not null references tenants (id),
  id           uuid not null,
  name         text not null check (name in ('generate-sample-data')),
  parameters   jsonb not null,
  state        text not null default 'waiting' check (state in ('waiting', 'active', 'completed', 'failed')),
  total        integer not null check (total > 0),
  done         integer not null default 0 check (done between 0 and total),
  rejected     integer not null default 0,
  attempts     integer not null default 0,
  error        text,
  client_id    text not null,
  key_id       uuid,
  created_at   timestamptz not null default now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  claimed_by   uuid,
  leased_until timestamptz,
  primary key (tenant_id, id),
  check ((finished_at is null) = (state in ('waiting', 'active')))
);
create index jobs_unfinished_idx on jobs (created_at, id) where state in ('waiting', 'active');
alter table jobs enable row level security;
alter table jobs force row level security;
create policy tenant_rows on jobs to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on jobs to tidemark_system using (true) with check (true);
grant select on jobs to tidemark_app;
grant insert (tenant_id, id, name, parameters, total, client_id, key_id) on jobs to tidemark_app;
grant select on jobs to tidemark_system;
grant update (state, done, rejected, attempts, error, started_at, finished_at, claimed_by, leased_until)
  on jobs to tidemark_system`;

export class CreateJobs1795244400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(JOBS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table jobs');
  }
}
