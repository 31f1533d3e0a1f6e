-- The other way to change or remove an entry: removes those that the act names, all recorded before the moment it
-- states. That moment lies a day back at least, the shortest time for which entries can be kept.
create function prune_audit_entries(p_tenant uuid, p_leaf_index bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  act        jsonb       := public.claim_audit_act(p_tenant, p_leaf_index, 'prune');
  older_than timestamptz := (act ->> 'older_than')::timestamptz;
  changed    bigint;
begin
  if older_than is null or older_than > now() - interval '1 day' then
    raise exception 'leaf % of the audit trail orders the removal of entries that are not a day old', p_leaf_index
      using errcode = 'insufficient_privilege';
  end if;
  if exists (select from public.audit_entries e
             where e.tenant_id = p_tenant and e.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'prune'))
               and (e.created_at >= older_than or e.id >= public.uuid7_lower_bound(older_than))) then
    raise exception 'leaf % of the audit trail orders the removal of entries recorded after %', p_leaf_index, older_than
      using errcode = 'insufficient_privilege';
  end if;
  perform set_config('tidemark.audit_maintenance', 'on', true);
  delete from public.audit_entries e
  where e.tenant_id = p_tenant and e.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'prune'));
  get diagnostics changed = row_count;
  perform set_config('tidemark.audit_maintenance', 'off', true);
  return changed;
end $$;
revoke execute on function prune_audit_entries from public;
grant execute on function prune_audit_entries to tidemark_system;
