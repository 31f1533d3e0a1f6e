import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Index-only scans (funnels) need pages that vacuum has marked as visible to all. Events are only inserted, and for those the
 * default is to vacuum when a fifth of the partition is new. Such a vacuum reads the new pages and no index, so more often
 * costs little. A partitioned table has no storage parameters: each partition gets them when it is made.
 */
const SETTINGS = 'autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 20000';

/** @param settings whether partitions of events get {@link SETTINGS} */
const ensurePartitions = (settings: boolean) => `
create or replace function ensure_partitions(from_month timestamptz, months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  parent  text;
  month   timestamptz;
  name    text;
  created integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tidemark.ensure_partitions'));
  for parent in
    select c.relname from pg_partitioned_table p
    join pg_class c on c.oid = p.partrelid and c.relnamespace = 'public'::regnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0] and a.attname = 'id'
    where p.partstrat = 'r' and p.partnatts = 1 order by c.relname
  loop
    for i in 0 .. months - 1 loop
      month := date_trunc('month', from_month) + make_interval(months => i);
      name := parent || '_' || to_char(month, 'YYYY_MM');
      if to_regclass(format('public.%I', name)) is null then
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
          name, parent,
          public.uuid7_lower_bound(month), public.uuid7_lower_bound(month + interval '1 month'));
        if parent = 'audit_entries' then
          execute format('create trigger refuse_rewrite before update or delete or truncate on public.%I
            for each statement execute function public.refuse_audit_rewrite()', name);
        end if;
        ${settings ? `if parent = 'events' then execute format('alter table public.%I set (${SETTINGS})', name); end if;` : ''}
        created := created + 1;
      end if;
    end loop;
  end loop;
  return created;
end $$`;

const alterPartitions = (change: string) => `
do $$
declare
  partition regclass;
begin
  for partition in select inhrelid from pg_inherits where inhparent = 'events'::regclass loop
    execute format('alter table %s ${change}', partition);
  end loop;
end $$`;

export class VacuumNewEvents1795251600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ensurePartitions(true));
    await runner.query(alterPartitions(`set (${SETTINGS})`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(ensurePartitions(false));
    await runner.query(
      alterPartitions('reset (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold)'),
    );
  }
}
