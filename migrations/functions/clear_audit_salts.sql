-- The salts of an entry, all zero for `fields`.
create function clear_audit_salts(salts bytea, fields text[]) returns bytea
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select string_agg(case when field = any(fields) then decode(repeat('00', 16), 'hex')
                         else substr(salts, (16 * n - 15)::int, 16) end, ''::bytea order by n)
  from unnest(array['user_id', 'session_id', 'ip_address', 'user_agent', 'resource_id', 'message', 'idempotency_key',
    'before_state', 'after_state', 'metadata']) with ordinality as f (field, n)
$$;
