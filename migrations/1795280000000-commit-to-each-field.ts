import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Their order is that of the salts. */
const TEXT_FIELDS = ['user_id', 'session_id', 'ip_address', 'user_agent', 'resource_id', 'message', 'idempotency_key'];
const JSON_FIELDS = ['before_state', 'after_state', 'metadata'];
const FIELDS = [...TEXT_FIELDS, ...JSON_FIELDS];
const FIELD_LIST = `array[${FIELDS.map((field) => `'${field}'`).join(', ')}]`;

/**
 * Leaf format 2: one commitment for each personal field, each with a salt of its own, and the source of the entry. Format 1
 * was never released and its leaves cannot be made anew without breaking every checkpoint, so there must be none.
 */
const refuseOldEntries = (format: number) => `
do $$ begin
  if exists (select from audit_entries) or exists (select from audit_leaves) then
    raise exception 'audit_entries holds entries of leaf format ${format}, which this migration cannot convert; start with a new database'
      using errcode = 'object_not_in_prerequisite_state';
  end if;
end $$`;

/**
 * - salts: 16 bytes for each personal field in their order, all zero where the field was erased or redacted.
 * - erased_fields, redacted_fields: what acts took, and where they replaced values; erased_at: the \`at\` of the last of them.
 * - erasures: leaf indexes of those acts, so that an export finds them.
 */
const COLUMNS = `
drop view searchable_audit_entries;
alter table audit_entries
  drop column salt,
  add column source text not null check (source in ('api', 'tidemark')),
  add column salts bytea not null check (length(salts) = ${FIELDS.length * 16}),
  add column erased_fields text[] check (erased_fields <> '{}' and erased_fields <@ ${FIELD_LIST}),
  add column redacted_fields text[] check (redacted_fields <> '{}' and redacted_fields <@ ${FIELD_LIST}),
  add column erasures bigint[],
  add constraint audit_entries_erased_check check (
    (erased_at is null) = (erasures is null) and (erased_at is null) = (coalesce(erased_fields, redacted_fields) is null)),
  add constraint audit_entries_resource_check check (
    resource_id is not null or (source = 'api' and coalesce('resource_id' = any(erased_fields), false)));
alter table audit_entries drop constraint audit_entries_check;
alter table audit_leaves add column carried_out boolean not null default false`;

const PREVIOUS_COLUMNS = `
drop view searchable_audit_entries;
alter table audit_leaves drop column carried_out;
alter table audit_entries
  drop constraint audit_entries_erased_check,
  drop constraint audit_entries_resource_check,
  drop column source, drop column salts, drop column erased_fields, drop column redacted_fields, drop column erasures,
  add column salt bytea,
  add constraint audit_entries_check check (resource_id is not null or erased_at is not null),
  add constraint audit_entries_check1 check (salt is not null or erased_at is not null)`;

const SEARCH_VIEW = `
create view searchable_audit_entries as select * from audit_entries
  where tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid;
grant select on searchable_audit_entries to tidemark_app`;

/** Whole string values that equal a target, at any depth; never a key, never a part of a string. */
const HELPERS = `
create function redact_json(content jsonb, targets text[]) returns jsonb
language plpgsql immutable parallel safe as $$
begin
  case jsonb_typeof(content)
  when 'string' then
    return case when content #>> '{}' = any(targets) then '"[redacted]"'::jsonb else content end;
  when 'array' then
    return coalesce((select jsonb_agg(public.redact_json(item, targets) order by n)
                     from jsonb_array_elements(content) with ordinality as e (item, n)), '[]');
  when 'object' then
    return coalesce((select jsonb_object_agg(key, public.redact_json(value, targets)) from jsonb_each(content)), '{}');
  else
    return content;
  end case;
end $$;

create function clear_audit_salts(salts bytea, fields text[]) returns bytea
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select string_agg(case when field = any(fields) then decode(repeat('00', 16), 'hex')
                         else substr(salts, (16 * n - 15)::int, 16) end, ''::bytea order by n)
  from unnest(${FIELD_LIST}) with ordinality as f (field, n)
$$`;

/**
 * The act that a leaf orders: one that this transaction has appended as the newest leaf of the tree, and that was not
 * carried out before. So nothing happens to an entry that the tree does not tell, and no old order serves twice.
 */
const CLAIM = `
create function claim_audit_act(p_tenant uuid, p_leaf_index bigint, p_kind text) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  act jsonb;
begin
  update public.audit_leaves l set carried_out = true
  from public.audit_trees t
  where l.tenant_id = p_tenant and l.leaf_index = p_leaf_index and l.kind = p_kind and not l.carried_out
    and l.xmin = pg_current_xact_id()::xid and l.leaf_hash = sha256('\\x00'::bytea || l.leaf)
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
end $$`;

const IN_RANGES = `select public.audit_act_entries(p_tenant, p_leaf_index`;

/** What an act takes of the entry \`e\`. Who did what to which resource stays where Tidemark itself recorded it. */
const TAKEN = `array_remove(array[${FIELDS.map((field) => {
  const changes = JSON_FIELDS.includes(field)
    ? `public.redact_json(e.${field}, p_values) <> e.${field}`
    : `e.${field} = any(p_values) and e.${field} <> '[redacted]'`;
  const kept = field === 'resource_id' ? ` and e.source <> 'tidemark'` : '';
  return `
      case when '${field}' = any(fields) and e.${field} is not null and (p_values is null or ${changes})${kept} then '${field}' end`;
}).join(',')}], null)`;

const SET = FIELDS.map((field) => {
  const value = JSON_FIELDS.includes(field) ? `public.redact_json(e.${field}, p_values)` : `'[redacted]'`;
  return `${field} = case when '${field}' <> all(t.taken) then e.${field} when p_values is not null then ${value} end`;
}).join(',\n      ');

/**
 * Takes the fields that the act names from the entries it names; in the mode \`redact\`, only values that equal one of
 * p_values. The ledger's fingerprint of such an entry goes too: it would let somebody test guesses.
 */
const ERASE = `
create function erase_audit_entries(p_tenant uuid, p_leaf_index bigint, p_values text[] default null) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  act     jsonb  := public.claim_audit_act(p_tenant, p_leaf_index, 'erasure');
  fields  text[] := array(select jsonb_array_elements_text(act -> 'fields'));
  changed bigint;
begin
  if cardinality(fields) = 0 or not fields <@ ${FIELD_LIST}
     or act ->> 'mode' is distinct from (case when p_values is null then 'erase' else 'redact' end) then
    raise exception 'leaf % of the audit trail does not order this erasure', p_leaf_index
      using errcode = 'insufficient_privilege';
  end if;
  perform set_config('tidemark.audit_maintenance', 'on', true);
  with touched as materialized (
    select e.id, ${TAKEN} as taken
    from public.audit_entries e
    where e.tenant_id = p_tenant and e.id in (${IN_RANGES}, 'erasure'))
  )
  update public.audit_entries e
  set ${SET},
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
  where k.tenant_id = p_tenant and k.id in (${IN_RANGES}, 'erasure'));
  perform set_config('tidemark.audit_maintenance', 'off', true);
  if changed <> (act ->> 'count')::bigint then
    raise exception 'leaf % of the audit trail orders the erasure of % entries, it would change %',
      p_leaf_index, act ->> 'count', changed using errcode = 'insufficient_privilege';
  end if;
  return changed;
end $$`;

/**
 * Removes the entries that the act names, all recorded before the moment it states. That moment lies a day back at least,
 * the shortest time for which entries can be kept.
 */
const PRUNE = `
create or replace function prune_audit_entries(p_tenant uuid, p_leaf_index bigint) returns bigint
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
             where e.tenant_id = p_tenant and e.id in (${IN_RANGES}, 'prune'))
               and (e.created_at >= older_than or e.id >= public.uuid7_lower_bound(older_than))) then
    raise exception 'leaf % of the audit trail orders the removal of entries recorded after %', p_leaf_index, older_than
      using errcode = 'insufficient_privilege';
  end if;
  perform set_config('tidemark.audit_maintenance', 'on', true);
  delete from public.audit_entries e
  where e.tenant_id = p_tenant and e.id in (${IN_RANGES}, 'prune'));
  get diagnostics changed = row_count;
  perform set_config('tidemark.audit_maintenance', 'off', true);
  return changed;
end $$`;

const RIGHTS = `
revoke execute on function claim_audit_act, erase_audit_entries from public;
grant execute on function erase_audit_entries to tidemark_system`;

const PREVIOUS_ACTS = `
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
  update public.audit_keys k set fingerprint = ''
  where k.tenant_id = p_tenant and k.id in (select public.audit_act_entries(p_tenant, p_leaf_index, 'erasure'));
  perform set_config('tidemark.audit_maintenance', 'off', true);
  return changed;
end $$;

create or replace function prune_audit_entries(p_tenant uuid, p_leaf_index bigint) returns bigint
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

revoke execute on function erase_audit_entries from public;
grant execute on function erase_audit_entries to tidemark_system`;

export class CommitToEachField1795280000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(refuseOldEntries(1));
    await runner.query(COLUMNS);
    await runner.query(SEARCH_VIEW);
    await runner.query('drop function erase_audit_entries');
    for (const part of [HELPERS, CLAIM, ERASE, PRUNE, RIGHTS]) await runner.query(part);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(refuseOldEntries(2));
    await runner.query(PREVIOUS_COLUMNS);
    await runner.query(SEARCH_VIEW);
    await runner.query('drop function erase_audit_entries');
    await runner.query(PREVIOUS_ACTS);
    await runner.query('drop function claim_audit_act, clear_audit_salts, redact_json');
  }
}
