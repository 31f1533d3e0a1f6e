-- Calls are append-only for the application. This lets paths that name the person fall back to their route.
create function erase_api_paths(p_tenant uuid, p_ids uuid[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed bigint;
begin
  update public.api_audit_logs set path = coalesce(route, '[erased]'), error = null
  where tenant_id = p_tenant and id = any(p_ids);
  get diagnostics changed = row_count;
  return changed;
end $$;
revoke execute on function erase_api_paths from public;
grant execute on function erase_api_paths to tidemark_system;
