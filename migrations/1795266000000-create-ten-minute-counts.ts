import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = [
  ['event_rollups', ', client_id'],
  ['event_totals', ''],
] as const;

/** event_rollups_* and event_totals_* by ten minutes: up to an hour at either end of a range is summed up from a third of the rows. */
const tenMinutes = (table: string, client: string) => `
create table ${table}_ten_minutes (
  tenant_id  uuid not null,
  bucket     timestamptz not null,
  ${client === '' ? '' : 'client_id  text not null,'}
  event_type text not null,
  count      bigint not null,
  failed     bigint not null default 0,
  primary key (tenant_id, bucket${client}, event_type)
) with (fillfactor = 70)`;

const backfill = (table: string, client: string) => `
insert into ${table}_ten_minutes (tenant_id, bucket${client}, event_type, count, failed)
select tenant_id, date_bin('10 minutes', bucket, timestamptz '1970-01-01 00:00Z') as start${client}, event_type, sum(count), sum(failed)
from ${table}_minute group by tenant_id, start${client}, event_type order by tenant_id, start${client}, event_type`;

const rowSecurity = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true);
grant select on ${table} to tidemark_app;
grant select, insert, update, delete on ${table} to tidemark_system`;

export class CreateTenMinuteCounts1795266000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, client] of TABLES) {
      await runner.query(tenMinutes(table, client));
      // Row security is forced, so even the owner sees nothing of a table: for the length of this transaction it does.
      await runner.query(`alter table ${table}_minute no force row level security`);
      await runner.query(backfill(table, client));
      await runner.query(`alter table ${table}_minute force row level security`);
      await runner.query(rowSecurity(`${table}_ten_minutes`));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table] of TABLES) await runner.query(`drop table ${table}_ten_minutes`);
  }
}
