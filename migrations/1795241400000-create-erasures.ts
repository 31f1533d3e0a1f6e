import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests to forget somebody. `subject` and `sessions` say who, and are emptied when it is done. */
const ERASURES = `
create table privacy_erasures (
  tenant_id    uuid not null,
  id           uuid not null,
  state        text not null default 'queued' check (state in ('queued', 'running', 'completed')),
  subject      text,
  sessions     text[],
  client_id    text not null,
  key_id       uuid,
  requested_at timestamptz not null default now(),
  started_at   timestamptz,
  claimed_at   timestamptz,
  completed_at timestamptz,
  counts       jsonb not null default '{}',
  tree_size    bigint,
  primary key (tenant_id, id),
  check ((subject is null) = (state = 'completed'))
);
create index privacy_erasures_open_idx on privacy_erasures (requested_at) where state <> 'completed';
alter table privacy_erasures enable row level security;
alter table privacy_erasures force row level security;
create policy tenant_rows on privacy_erasures to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on privacy_erasures to tidemark_system using (true) with check (true);
grant select, insert on privacy_erasures to tidemark_app;
grant select, update on privacy_erasures to tidemark_system;
grant delete on event_patches to tidemark_system`;

/** Calls are append-only for the application; a path that names somebody falls back to its route, and nothing else. */
const CALLS = `
create policy owner_rows on api_audit_logs to current_user using (true) with check (true);
create function erase_api_call_paths(p_tenant uuid, p_segments text[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed bigint;
begin
  update public.api_audit_logs
  set path = coalesce(route, '[erased]'), error = null
  where tenant_id = p_tenant and string_to_array(path, '/') && p_segments;
  get diagnostics changed = row_count;
  return changed;
end $$;
revoke execute on function erase_api_call_paths from public;
grant execute on function erase_api_call_paths to tidemark_system`;

/** The ledger's fingerprint of an erased entry goes too: it would let somebody test guesses. A retry is a conflict then. */
const eraseEntries = (alsoKeys: string) => `
create or replace function erase_audit_entries(p_tenant uuid, p_leaf_index bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed bigint;
begin
  perform set_config('tidemark.audit_maintenance', 'on', true);
  update public.audit_entries e
  set user_id = null, session_id = null, ip_address = null, user_agent = null, resource_id = null, message = null,
      idempotency_key = null, before_state = null, after_state = null, metadata = null,
      salt = null, erased_at = now()
  where e.tenant_id = p_tenant and e.erased_at is null
    and e.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'erasure'));
  get diagnostics changed = row_count;${alsoKeys}
  perform set_config('tidemark.audit_maintenance', 'off', true);
  return changed;
end $$`;

const KEYS = `
  update public.audit_keys k set fingerprint = ''
  where k.tenant_id = p_tenant and k.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'erasure'));`;

export class CreateErasures1795241400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ERASURES);
    await runner.query(CALLS);
    await runner.query(eraseEntries(KEYS));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(eraseEntries(''));
    await runner.query('drop function erase_api_call_paths');
    await runner.query('drop policy owner_rows on api_audit_logs');
    await runner.query('revoke delete on event_patches from tidemark_system');
    await runner.query('drop table privacy_erasures');
  }
}
