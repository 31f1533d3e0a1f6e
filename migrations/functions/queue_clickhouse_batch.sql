-- A batch that was counted is to be sent to ClickHouse, where a worker feeds one.
create function queue_clickhouse_batch() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  insert into clickhouse_batches (tenant_id, id, first_id, last_id, event_count)
  select new.tenant_id, new.id, new.first_id, new.last_id, new.event_count
  where exists (select from clickhouse_feeds)
  on conflict do nothing;
  return null;
end $$;
