-- Calls are append-only for the application. This takes address and user agent from the calls that brought one
-- person's records, which have the id of the first of them.
create function erase_own_api_calls(p_tenant uuid, p_ids uuid[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed bigint;
begin
  update public.api_audit_logs set ip = null, user_agent = null
  where tenant_id = p_tenant and id = any(p_ids) and (ip is not null or user_agent is not null);
  get diagnostics changed = row_count;
  return changed;
end $$;
revoke execute on function erase_own_api_calls from public;
grant execute on function erase_own_api_calls to tidemark_system;
