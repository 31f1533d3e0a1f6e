import type { MigrationInterface, QueryRunner } from 'typeorm';
import { importRows, tenantRows } from './support/row-security.js';

const SAVED_SEGMENTS = `
create table saved_segments (
  tenant_id  uuid not null,
  id         uuid not null,
  name       text not null constraint saved_segments_name_check check (length(name) between 1 and 255),
  filters    jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index saved_segments_name_key on saved_segments (tenant_id, lower(name));
comment on table saved_segments is
  'Filters that a tenant keeps under a name, to be named in questions. Written by the API. Goes when deleted.';
grant select, insert, update, delete on saved_segments to tidemark_app;
grant select, delete on saved_segments to tidemark_system;
grant update (filters) on saved_segments to tidemark_system`;

export class CreateSavedSegments1795400100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SAVED_SEGMENTS);
    await runner.query(tenantRows('saved_segments'));
    await runner.query(importRows('saved_segments'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table saved_segments');
  }
}
