-- Trigger: whatever writes an entry, its leaf waits for a place in the tree.
create function queue_audit_leaves() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.audit_unsealed (tenant_id, entry_id, leaf_hash)
    select tenant_id, id, sha256('\x00'::bytea || leaf) from new_entries;
  return null;
end $$;
revoke execute on function queue_audit_leaves from public;
