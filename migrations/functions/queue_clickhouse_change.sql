-- An event that ClickHouse may have was changed or is gone, or became a dead letter or none: where a worker feeds one, it
-- sends a new version. Where something was taken away, older versions must not stay in any file. An event that is gone
-- leaves what its tombstone needs.
create function queue_clickhouse_change() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select from clickhouse_feeds) then
    return null;
  elsif tg_argv[0] = 'failed_events' then
    if tg_op = 'INSERT' then
      insert into clickhouse_changes (tenant_id, event_id) values (new.tenant_id, new.event_id);
    else
      insert into clickhouse_changes (tenant_id, event_id) values (old.tenant_id, old.event_id);
    end if;
  elsif tg_op = 'DELETE' then
    insert into clickhouse_changes (tenant_id, event_id, event_type, event_time, old_shard)
    values (old.tenant_id, old.id, old.event_type, old.event_time, event_shard(old.tenant_id, old.id, old.user_id));
  else
    insert into clickhouse_changes (tenant_id, event_id, old_shard, purges)
    values (old.tenant_id, old.id,
      case when old.user_id is distinct from new.user_id then event_shard(old.tenant_id, old.id, old.user_id) end,
      (old.user_id, old.session_id, old.event_id, old.payload, old.context_id)
        is distinct from (new.user_id, new.session_id, new.event_id, new.payload, new.context_id)
      or coalesce(not new.enrichment @> old.enrichment, old.enrichment is not null));
  end if;
  return null;
end $$;
