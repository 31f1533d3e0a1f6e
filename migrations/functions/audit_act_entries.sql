-- The entries that an act names by ranges of leaf indexes: {"ranges": [[from, to), ...]}. None behind the act itself.
create function audit_act_entries(p_tenant uuid, p_leaf_index bigint, p_kind text) returns setof uuid
language sql stable set search_path = pg_catalog, pg_temp as $$
  select l.entry_id
  from public.audit_leaves act,
       jsonb_array_elements(convert_from(act.leaf, 'UTF8')::jsonb -> 'ranges') as r,
       public.audit_leaves l
  where act.tenant_id = p_tenant and act.leaf_index = p_leaf_index and act.kind = p_kind
    and l.tenant_id = p_tenant and l.kind = 'entry' and l.leaf_index < p_leaf_index
    and l.leaf_index >= (r ->> 0)::bigint and l.leaf_index < (r ->> 1)::bigint
$$;
revoke execute on function audit_act_entries from public;
