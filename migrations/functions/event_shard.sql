-- Which shard of ClickHouse has an event: that of its user, so that all events of one user are together.
create function event_shard(tenant_id uuid, id uuid, user_id text) returns bigint
language sql stable parallel safe as $$
  select ('x' || left(replace(subject_key(tenant_id::text || coalesce(user_id, id::text))::text, '-', ''), 15))::bit(60)::bigint
$$;
