-- The act that a leaf orders: one that this transaction has appended as the newest leaf of the tree, and that was not
-- carried out before. So nothing happens to an entry that the tree does not tell, and no old order serves twice.
create function claim_audit_act(p_tenant uuid, p_leaf_index bigint, p_kind text) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  act jsonb;
begin
  update public.audit_leaves l set carried_out = true
  from public.audit_trees t
  where l.tenant_id = p_tenant and l.leaf_index = p_leaf_index and l.kind = p_kind and not l.carried_out
    and l.xmin = pg_current_xact_id()::xid and l.leaf_hash = sha256('\x00'::bytea || l.leaf)
    and t.tenant_id = p_tenant and t.tree_size = p_leaf_index + 1
  returning convert_from(l.leaf, 'UTF8')::jsonb into act;
  if act is null then
    raise exception 'leaf % of the audit trail is no % that this transaction appended last and has not carried out yet',
      p_leaf_index, p_kind using errcode = 'insufficient_privilege';
  end if;
  if (act ->> 'v', act ->> 'kind', act ->> 'tenant_id', act ->> 'tree_size')
     is distinct from ('2', p_kind, p_tenant::text, p_leaf_index::text) then
    raise exception 'leaf % of the audit trail is not what its place says', p_leaf_index
      using errcode = 'insufficient_privilege';
  end if;
  return act;
end $$;
revoke execute on function claim_audit_act from public;
