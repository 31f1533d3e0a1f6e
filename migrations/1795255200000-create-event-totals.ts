import type { MigrationInterface, QueryRunner } from 'typeorm';

const GRANULARITIES = ['minute', 'hour', 'day'];

/** event_rollups_* of all clients of a tenant together, by type: most questions are not about clients, and read a row for each. */
const totals = (granularity: string) => `
create table event_totals_${granularity} (
  tenant_id  uuid not null,
  bucket     timestamptz not null,
  event_type text not null,
  count      bigint not null,
  failed     bigint not null default 0,
  primary key (tenant_id, bucket, event_type)
) with (fillfactor = 70)`;

const backfill = (granularity: string) => `
insert into event_totals_${granularity}
select tenant_id, bucket, event_type, sum(count), sum(failed) from event_rollups_${granularity} group by 1, 2, 3 order by 1, 2, 3`;

const rowSecurity = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true);
grant select on ${table} to tidemark_app;
grant select, insert, update, delete on ${table} to tidemark_system`;

export class CreateEventTotals1795255200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const granularity of GRANULARITIES) {
      await runner.query(totals(granularity));
      // Row security is forced, so even the owner sees nothing of a table: for the length of this transaction it does.
      await runner.query(`alter table event_rollups_${granularity} no force row level security`);
      await runner.query(backfill(granularity));
      await runner.query(`alter table event_rollups_${granularity} force row level security`);
      await runner.query(rowSecurity(`event_totals_${granularity}`));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const granularity of GRANULARITIES) await runner.query(`drop table event_totals_${granularity}`);
  }
}
