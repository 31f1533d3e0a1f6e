import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The Merkle tree over the audit entries of each tenant (docs/adr/0020).
 * - audit_unsealed: entries that wait for their place; filled by a trigger, so that no writer can forget it.
 * - audit_leaves: the order. Hashes stay when an entry is pruned. `leaf` only where no entry holds it.
 * - audit_nodes: every fourth level of complete subtrees; those between are hashed from at most eight.
 * - audit_trees: one row per tenant, locked by whoever appends. `peaks`: 32 bytes per complete subtree.
 * - audit_checkpoints: what was signed, the last of each hour.
 */
const TREE = `
create table audit_unsealed (
  tenant_id uuid not null,
  entry_id  uuid not null,
  leaf_hash bytea not null,
  primary key (tenant_id, entry_id)
);
create table audit_leaves (
  tenant_id  uuid not null,
  leaf_index bigint not null check (leaf_index >= 0),
  kind       text not null default 'entry' check (kind in ('entry', 'erasure', 'prune')),
  entry_id   uuid check ((entry_id is not null) = (kind = 'entry')),
  leaf_hash  bytea not null check (length(leaf_hash) = 32),
  leaf       bytea check ((leaf is null) = (kind = 'entry')),
  primary key (tenant_id, leaf_index)
);
create unique index audit_leaves_entry_key on audit_leaves (tenant_id, entry_id) where entry_id is not null;
create index audit_leaves_acts_idx on audit_leaves (tenant_id, leaf_index) where kind <> 'entry';
create table audit_nodes (
  tenant_id  uuid not null,
  level      smallint not null,
  node_index bigint not null,
  hash       bytea not null,
  primary key (tenant_id, level, node_index)
);
create table audit_trees (
  tenant_id   uuid primary key,
  tree_size   bigint not null default 0,
  peaks       bytea not null default '',
  signed_size bigint not null default 0
);
create index audit_trees_unsigned_idx on audit_trees (tenant_id) where tree_size > signed_size;
create table audit_checkpoints (
  tenant_id  uuid not null,
  hour       timestamptz not null,
  tree_size  bigint not null,
  root_hash  bytea not null,
  note       text not null,
  public_key text not null,
  signed_at  timestamptz not null default now(),
  primary key (tenant_id, hour)
);
create index audit_checkpoints_size_idx on audit_checkpoints (tenant_id, tree_size);

-- used only where no signing key is configured: then whoever owns the database can sign as well
insert into installation_secrets
  select 'audit_signing_key', sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'));

create function queue_audit_leaves() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into public.audit_unsealed (tenant_id, entry_id, leaf_hash)
    select tenant_id, id, sha256('\\x00'::bytea || leaf) from new_entries;
  return null;
end $$;
create trigger queue_leaves after insert on audit_entries referencing new table as new_entries
  for each statement execute function queue_audit_leaves();
insert into audit_unsealed select tenant_id, id, sha256('\\x00'::bytea || leaf) from audit_entries`;

/**
 * The only two ways to change or remove an entry. Each does what a leaf that was appended before orders, to the leaves
 * it names and to no other: {"ranges": [[from, to), ...]} of leaf indexes. So nothing goes without a trace in the tree.
 */
const ACTS = `
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

create function erase_audit_entries(p_tenant uuid, p_leaf_index bigint) returns bigint
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
  get diagnostics changed = row_count;
  perform set_config('tidemark.audit_maintenance', 'off', true);
  return changed;
end $$;

create function prune_audit_entries(p_tenant uuid, p_leaf_index bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  changed bigint;
begin
  perform set_config('tidemark.audit_maintenance', 'on', true);
  delete from public.audit_entries e
  where e.tenant_id = p_tenant and e.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'prune'));
  get diagnostics changed = row_count;
  perform set_config('tidemark.audit_maintenance', 'off', true);
  return changed;
end $$;

revoke execute on function queue_audit_leaves, audit_act_entries, erase_audit_entries, prune_audit_entries from public;
grant execute on function erase_audit_entries, prune_audit_entries to tidemark_system`;

const GRANTS = `
grant select on audit_unsealed, audit_leaves, audit_nodes, audit_trees, audit_checkpoints to tidemark_app, tidemark_system;
grant delete on audit_unsealed to tidemark_system;
grant insert on audit_leaves, audit_nodes to tidemark_system;
grant insert, update on audit_trees, audit_checkpoints to tidemark_system`;

const TABLES = ['audit_unsealed', 'audit_leaves', 'audit_nodes', 'audit_trees', 'audit_checkpoints'];

const rowSecurity = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true);
create policy owner_rows on ${table} to current_user using (true) with check (true)`;

export class CreateAuditTree1795240800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TREE);
    await runner.query(ACTS);
    for (const table of TABLES) await runner.query(rowSecurity(table));
    await runner.query(GRANTS);
  }

  /** Entries keep their leaves; migrating again puts them into a new tree, which no old checkpoint fits. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop trigger queue_leaves on audit_entries');
    await runner.query('drop function queue_audit_leaves, erase_audit_entries, prune_audit_entries, audit_act_entries');
    await runner.query(`drop table ${TABLES.join(', ')}`);
    await runner.query(`delete from installation_secrets where name = 'audit_signing_key'`);
  }
}
