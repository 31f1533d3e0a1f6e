-- Trigger: the key of an entry lives as long as the entry.
create function forget_audit_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.audit_keys k using gone where k.tenant_id = gone.tenant_id and k.id = gone.id;
  return null;
end $$;
