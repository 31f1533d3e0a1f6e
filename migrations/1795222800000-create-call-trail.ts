import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every API call, refused ones too. Calls without a valid credential belong to the tenant "default".
 * `calls` is more than 1 where a flood was folded into one row. One index beside the primary key: client.
 */
const CALL_LOG = `
create table api_audit_logs (
  tenant_id      uuid not null,
  id             uuid not null,
  request_id     text not null,
  client_id      text,
  key_id         uuid,
  method         text not null,
  path           text not null,
  route          text,
  status_code    smallint not null,
  duration_ms    real not null,
  ip             text,
  user_agent     text,
  request_bytes  integer not null,
  response_bytes integer,
  error          text,
  calls          integer not null default 1,
  timestamp      timestamptz not null,
  primary key (tenant_id, id)
) partition by range (id);
alter table api_audit_logs enable row level security;
alter table api_audit_logs force row level security;
create policy tenant_rows on api_audit_logs to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on api_audit_logs to tidemark_system using (true) with check (true);
grant select on api_audit_logs to tidemark_app;
grant select, insert on api_audit_logs to tidemark_system`;

/** The partition upkeep of the foundation, over `tables`. */
const ensurePartitions = (tables: string[]) => `
create or replace function ensure_partitions(from_month timestamptz, months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  parent  text;
  month   timestamptz;
  name    text;
  created integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tidemark.ensure_partitions'));
  foreach parent in array array[${tables.map((table) => `'${table}'`).join(', ')}] loop
    for i in 0 .. months - 1 loop
      month := date_trunc('month', from_month) + make_interval(months => i);
      name := parent || '_' || to_char(month, 'YYYY_MM');
      if to_regclass(format('public.%I', name)) is null then
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
          name, parent,
          public.uuid7_lower_bound(month), public.uuid7_lower_bound(month + interval '1 month'));
        created := created + 1;
      end if;
    end loop;
  end loop;
  return created;
end $$`;

export class CreateCallTrail1795222800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CALL_LOG);
    await runner.query(ensurePartitions(['events', 'ingest_batches', 'api_audit_logs']));
    await runner.query(`select ensure_partitions(now() - interval '1 month', 4)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(ensurePartitions(['events', 'ingest_batches']));
    await runner.query('drop table api_audit_logs');
  }
}
