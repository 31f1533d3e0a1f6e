-- One of the only two ways to change or remove an entry; it does what a leaf that was appended before orders, to the
-- leaves it names and to no other. Takes the fields that the act names; in the mode `redact`, only values that equal
-- one of p_values. Who did what to which resource stays where Tidemark itself recorded it. The ledger's fingerprint
-- of such an entry goes too: it would let somebody test guesses.
create function erase_audit_entries(p_tenant uuid, p_leaf_index bigint, p_values text[] default null) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  act     jsonb  := public.claim_audit_act(p_tenant, p_leaf_index, 'erasure');
  fields  text[] := array(select jsonb_array_elements_text(act -> 'fields'));
  changed bigint;
begin
  if cardinality(fields) = 0
     or not fields <@ array['user_id', 'session_id', 'ip_address', 'user_agent', 'resource_id', 'message',
       'idempotency_key', 'before_state', 'after_state', 'metadata']
     or act ->> 'mode' is distinct from (case when p_values is null then 'erase' else 'redact' end) then
    raise exception 'leaf % of the audit trail does not order this erasure', p_leaf_index
      using errcode = 'insufficient_privilege';
  end if;
  perform set_config('tidemark.audit_maintenance', 'on', true);
  with touched as materialized (
    select e.id, array_remove(array[
      case when 'user_id' = any(fields) and e.user_id is not null
        and (p_values is null or e.user_id = any(p_values) and e.user_id <> '[redacted]') then 'user_id' end,
      case when 'session_id' = any(fields) and e.session_id is not null
        and (p_values is null or e.session_id = any(p_values) and e.session_id <> '[redacted]') then 'session_id' end,
      case when 'ip_address' = any(fields) and e.ip_address is not null
        and (p_values is null or e.ip_address = any(p_values) and e.ip_address <> '[redacted]') then 'ip_address' end,
      case when 'user_agent' = any(fields) and e.user_agent is not null
        and (p_values is null or e.user_agent = any(p_values) and e.user_agent <> '[redacted]') then 'user_agent' end,
      case when 'resource_id' = any(fields) and e.resource_id is not null
        and (p_values is null or e.resource_id = any(p_values) and e.resource_id <> '[redacted]')
        and e.source <> 'tidemark' then 'resource_id' end,
      case when 'message' = any(fields) and e.message is not null
        and (p_values is null or e.message = any(p_values) and e.message <> '[redacted]') then 'message' end,
      case when 'idempotency_key' = any(fields) and e.idempotency_key is not null
        and (p_values is null or e.idempotency_key = any(p_values) and e.idempotency_key <> '[redacted]')
        then 'idempotency_key' end,
      case when 'before_state' = any(fields) and e.before_state is not null
        and (p_values is null or public.redact_json(e.before_state, p_values) <> e.before_state)
        then 'before_state' end,
      case when 'after_state' = any(fields) and e.after_state is not null
        and (p_values is null or public.redact_json(e.after_state, p_values) <> e.after_state)
        then 'after_state' end,
      case when 'metadata' = any(fields) and e.metadata is not null
        and (p_values is null or public.redact_json(e.metadata, p_values) <> e.metadata)
        then 'metadata' end], null) as taken
    from public.audit_entries e
    where e.tenant_id = p_tenant and e.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'erasure'))
  )
  update public.audit_entries e
  set user_id = case when 'user_id' <> all(t.taken) then e.user_id
        when p_values is not null then '[redacted]' end,
      session_id = case when 'session_id' <> all(t.taken) then e.session_id
        when p_values is not null then '[redacted]' end,
      ip_address = case when 'ip_address' <> all(t.taken) then e.ip_address
        when p_values is not null then '[redacted]' end,
      user_agent = case when 'user_agent' <> all(t.taken) then e.user_agent
        when p_values is not null then '[redacted]' end,
      resource_id = case when 'resource_id' <> all(t.taken) then e.resource_id
        when p_values is not null then '[redacted]' end,
      message = case when 'message' <> all(t.taken) then e.message
        when p_values is not null then '[redacted]' end,
      idempotency_key = case when 'idempotency_key' <> all(t.taken) then e.idempotency_key
        when p_values is not null then '[redacted]' end,
      before_state = case when 'before_state' <> all(t.taken) then e.before_state
        when p_values is not null then public.redact_json(e.before_state, p_values) end,
      after_state = case when 'after_state' <> all(t.taken) then e.after_state
        when p_values is not null then public.redact_json(e.after_state, p_values) end,
      metadata = case when 'metadata' <> all(t.taken) then e.metadata
        when p_values is not null then public.redact_json(e.metadata, p_values) end,
      salts = public.clear_audit_salts(e.salts, t.taken),
      erased_fields = case when p_values is not null then e.erased_fields else
        array(select distinct field from unnest(e.erased_fields || t.taken) as field order by field) end,
      redacted_fields = nullif(case when p_values is null
        then array(select field from unnest(e.redacted_fields) as field where field <> all(t.taken))
        else array(select distinct field from unnest(e.redacted_fields || t.taken) as field order by field) end, '{}'),
      erased_at = (act ->> 'at')::timestamptz,
      erasures = e.erasures || p_leaf_index
  from touched t
  where e.tenant_id = p_tenant and e.id = t.id and t.taken <> '{}';
  get diagnostics changed = row_count;
  update public.audit_keys k set fingerprint = ''
  where k.tenant_id = p_tenant and k.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'erasure'));
  perform set_config('tidemark.audit_maintenance', 'off', true);
  if changed <> (act ->> 'count')::bigint then
    raise exception 'leaf % of the audit trail orders the erasure of % entries, it would change %',
      p_leaf_index, act ->> 'count', changed using errcode = 'insufficient_privilege';
  end if;
  return changed;
end $$;
revoke execute on function erase_audit_entries from public;
grant execute on function erase_audit_entries to tidemark_system;
