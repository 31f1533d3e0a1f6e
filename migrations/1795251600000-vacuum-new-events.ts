import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Index-only scans (funnels) need pages that vacuum has marked as visible to all. Events are only inserted, and for those the
 * default is to vacuum when a fifth of the partition is new. Such a vacuum reads the new pages and no index, so more often
 * costs little. A partitioned table has no storage parameters: each partition gets them when it is made.
 */
const EVENTS = 'autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 20000';

/** Every batch is updated once, and each leaves a dead entry in the indexes of those that wait, which every query reads. */
const BATCHES = 'autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000';

/** @param settings whether new partitions get them */
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
        ${
          settings
            ? `if parent = 'events' then execute format('alter table public.%I set (${EVENTS})', name); end if;
        if parent = 'ingest_batches' then execute format('alter table public.%I set (${BATCHES})', name); end if;`
            : ''
        }
        created := created + 1;
      end if;
    end loop;
  end loop;
  return created;
end $$`;

const alterPartitions = (parent: string, change: string) => `
do $$
declare
  partition regclass;
begin
  for partition in select inhrelid from pg_inherits where inhparent = '${parent}'::regclass loop
    execute format('alter table %s ${change}', partition);
  end loop;
end $$`;

export class VacuumNewEvents1795251600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ensurePartitions(true));
    await runner.query(alterPartitions('events', `set (${EVENTS})`));
    await runner.query(alterPartitions('ingest_batches', `set (${BATCHES})`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(ensurePartitions(false));
    const names = (settings: string) => settings.replaceAll(/ = [\d.]+/g, '');
    await runner.query(alterPartitions('events', `reset (${names(EVENTS)})`));
    await runner.query(alterPartitions('ingest_batches', `reset (${names(BATCHES)})`));
  }
}
