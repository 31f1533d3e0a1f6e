-- Events that ClickHouse may have were changed or are gone, or became dead letters or none: where a worker feeds one, it
-- sends new versions. Where something was taken away, older versions must not stay in any file. An event that is gone
-- leaves what its tombstone needs. Once for each statement: without a feed, a call for each row would be most of the cost
-- of a removal.
create function queue_clickhouse_change() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select from clickhouse_feeds) then
    return null;
  elsif tg_argv[0] = 'failed_events' and tg_op = 'INSERT' then
    insert into clickhouse_changes (tenant_id, event_id) select tenant_id, event_id from new_rows;
  elsif tg_argv[0] = 'failed_events' then
    insert into clickhouse_changes (tenant_id, event_id) select tenant_id, event_id from old_rows;
  elsif tg_op = 'DELETE' then
    insert into clickhouse_changes (tenant_id, event_id, event_type, event_time, old_shard)
    select tenant_id, id, event_type, event_time, event_shard(tenant_id, id, user_id) from old_rows;
  else
    insert into clickhouse_changes (tenant_id, event_id, old_shard, purges)
    select o.tenant_id, o.id,
      case when o.user_id is distinct from n.user_id then event_shard(o.tenant_id, o.id, o.user_id) end,
      (o.user_id, o.session_id, o.event_id, o.payload, o.context_id)
        is distinct from (n.user_id, n.session_id, n.event_id, n.payload, n.context_id)
      or coalesce(not n.enrichment @> o.enrichment, o.enrichment is not null)
    from old_rows o join new_rows n on n.tenant_id = o.tenant_id and n.id = o.id;
  end if;
  return null;
end $$;
