import type { MigrationInterface, QueryRunner } from 'typeorm';

const GRANULARITIES = ['minute', 'hour', 'day'];

/**
 * processing_rollups_* of all clients of a tenant together: a tenant with many clients would have that many histograms
 * to merge for every bucket of an answer.
 */
const totals = (granularity: string) => `
create table processing_totals_${granularity} (
  tenant_id         uuid not null,
  bucket            timestamptz not null,
  processed         bigint not null,
  failed            bigint not null default 0,
  latency_sum_ms    double precision not null,
  latency_min_ms    double precision not null,
  latency_max_ms    double precision not null,
  latency_histogram jsonb not null,
  primary key (tenant_id, bucket)
) with (fillfactor = 70)`;

const rowSecurity = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true);
grant select on ${table} to tidemark_app;
grant select, insert, update, delete on ${table} to tidemark_system`;

const backfill = (granularity: string) => `
insert into processing_totals_${granularity}
select tenant_id, bucket, r.processed, r.failed, r.latency_sum_ms, r.latency_min_ms, r.latency_max_ms, h.latency_histogram
from (
  select tenant_id, bucket, sum(processed) as processed, sum(failed) as failed, sum(latency_sum_ms) as latency_sum_ms,
         min(latency_min_ms) as latency_min_ms, max(latency_max_ms) as latency_max_ms
  from processing_rollups_${granularity} group by 1, 2
) r join (
  select tenant_id, bucket, jsonb_object_agg(bin, n) as latency_histogram
  from (
    select tenant_id, bucket, key as bin, sum(value::bigint) as n
    from processing_rollups_${granularity} cross join lateral jsonb_each_text(latency_histogram) group by 1, 2, 3
  ) bins group by 1, 2
) h using (tenant_id, bucket)`;

export class CreateProcessingTotals1795248000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const granularity of GRANULARITIES) {
      await runner.query(totals(granularity));
      // Row security is forced, so even the owner sees nothing of a table: for the length of this transaction it does.
      await runner.query(`alter table processing_rollups_${granularity} no force row level security`);
      await runner.query(backfill(granularity));
      await runner.query(`alter table processing_rollups_${granularity} force row level security`);
      await runner.query(rowSecurity(`processing_totals_${granularity}`));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const granularity of GRANULARITIES) await runner.query(`drop table processing_totals_${granularity}`);
  }
}
