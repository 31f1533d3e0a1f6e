import type { MigrationInterface, QueryRunner } from 'typeorm';

const SAVED_FUNNELS = `
create table saved_funnels (
  tenant_id  uuid not null,
  id         uuid not null,
  name       text not null check (length(name) between 1 and 255),
  definition jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index saved_funnels_name_key on saved_funnels (tenant_id, lower(name));
alter table saved_funnels enable row level security;
alter table saved_funnels force row level security;
create policy tenant_rows on saved_funnels to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on saved_funnels to tidemark_system using (true) with check (true);
grant select, insert, delete on saved_funnels to tidemark_app;
grant select, delete on saved_funnels to tidemark_system`;

/** Funnels that a tenant keeps under a name; the newest is shown on its dashboard. */
export class CreateSavedFunnels1795233700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SAVED_FUNNELS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table saved_funnels');
  }
}
