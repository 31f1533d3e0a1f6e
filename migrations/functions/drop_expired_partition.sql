-- Drops the monthly partition of a table, for workers, which own no table: only of these three tables, and only one
-- whose month is past by more than a day. PostgreSQL cannot detach concurrently inside a function, and only the owner
-- can outside of one. A plain detach locks the table for the milliseconds that the catalog needs; everybody waits
-- behind whoever waits for that lock, so the caller says for how long this may. Returns the bytes that were given back.
create function drop_expired_partition(parent text, month date, wait_ms integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  name  text   := parent || '_' || to_char(month, 'YYYY_MM');
  bytes bigint;
begin
  if parent <> all(array['events', 'ingest_batches', 'api_audit_logs']) or month <> date_trunc('month', month)::date
     or month + interval '1 month' > now() - interval '1 day' then
    raise exception '% is no partition of a month that is past', name using errcode = 'insufficient_privilege';
  end if;
  if not exists (select from pg_inherits i where i.inhrelid = to_regclass(format('public.%I', name))
                   and i.inhparent = to_regclass(format('public.%I', parent))) then
    return 0;
  end if;
  perform set_config('lock_timeout', least(wait_ms, 500)::text, true);
  bytes := pg_total_relation_size(to_regclass(format('public.%I', name)));
  execute format('alter table public.%I detach partition public.%I', parent, name);
  execute format('drop table public.%I', name);
  return bytes;
end $$;
revoke execute on function drop_expired_partition from public;
grant execute on function drop_expired_partition to tidemark_system;
