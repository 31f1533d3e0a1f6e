-- Makes the monthly partitions of every table that is partitioned by the range of its UUIDv7 `id`. Security definer,
-- so that workers, which own no table, can make them.
-- - Statement triggers of a parent do not fire for statements that name a partition, so each partition of
--   audit_entries gets its own.
-- - events: index-only scans (funnels) need pages that vacuum has marked as visible to all. Events are only inserted,
--   and for those the default is to vacuum when a fifth of the partition is new. Such a vacuum reads the new pages
--   and no index, so more often costs little.
-- - ingest_batches: every batch is updated once, and each leaves a dead entry in the indexes of those that wait,
--   which every query reads.
-- A partitioned table has no storage parameters: each partition gets them when it is made.
create function ensure_partitions(from_month timestamptz, months integer) returns integer
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
        if parent = 'events' then
          execute format('alter table public.%I set (autovacuum_vacuum_insert_scale_factor = 0.02,
            autovacuum_vacuum_insert_threshold = 20000)', name);
        end if;
        if parent = 'ingest_batches' then
          execute format('alter table public.%I set (autovacuum_vacuum_scale_factor = 0.01,
            autovacuum_vacuum_threshold = 2000)', name);
        end if;
        created := created + 1;
      end if;
    end loop;
  end loop;
  return created;
end $$;
revoke execute on function ensure_partitions from public;
grant execute on function ensure_partitions to tidemark_system;
