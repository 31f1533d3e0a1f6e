import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An erasure goes by who somebody is, in steps: `stage` and `after` say where it stands, in the commit of what was done, so
 * that a worker that takes over neither repeats nor counts anything twice. `claimed_by` keeps a worker that was thought dead
 * from going on beside it. All that says who it is about goes when it is done; the HMAC stays.
 */
const ERASURES = `
alter table privacy_erasures
  drop column sessions,
  drop column claimed_at,
  add column mentions text not null default 'keep' check (mentions in ('keep', 'redact')),
  add column subject_hmac text not null default '',
  add column stage text,
  add column after uuid,
  add column identities text[],
  add column sessions text[],
  add column swept_at timestamptz,
  add column act_indexes bigint[] not null default '{}',
  add column claimed_by uuid,
  add column leased_until timestamptz;
alter table privacy_erasures alter column subject_hmac drop default`;

const ERASURES_BEFORE = `
alter table privacy_erasures
  drop column mentions, drop column subject_hmac, drop column stage, drop column after, drop column identities,
  drop column sessions, drop column swept_at, drop column act_indexes, drop column claimed_by, drop column leased_until;
alter table privacy_erasures add column sessions text[], add column claimed_at timestamptz`;

/**
 * - privacy_keys: one random key per tenant, for the HMAC that stands for a subject in leaves and receipts. Deleting it
 *   makes them say nothing about anybody.
 * - privacy_erasure_values: what an erasure in progress found and still needs after the events that said it are blank.
 */
const TABLES = `
create table privacy_keys (
  tenant_id uuid primary key,
  key       bytea not null check (length(key) = 32)
);
create table privacy_erasure_values (
  tenant_id  uuid not null,
  erasure_id uuid not null,
  kind       text not null check (kind in ('event_id', 'session', 'context')),
  client_id  text not null default '',
  value      text not null,
  primary key (tenant_id, erasure_id, kind, client_id, value)
);
alter table privacy_keys enable row level security;
alter table privacy_keys force row level security;
create policy tenant_rows on privacy_keys to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid)
  with check (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on privacy_keys to tidemark_system using (true) with check (true);
grant select, insert on privacy_keys to tidemark_app;
grant select on privacy_keys to tidemark_system;
alter table privacy_erasure_values enable row level security;
alter table privacy_erasure_values force row level security;
create policy all_rows on privacy_erasure_values to tidemark_system using (true) with check (true);
create policy owner_rows on privacy_erasure_values to current_user using (true) with check (true);
grant select, insert, delete on privacy_erasure_values to tidemark_system;
grant update (definition) on saved_funnels to tidemark_system;
grant update (payload) on event_patches to tidemark_system`;

/**
 * Whether a value names somebody, by walking the value; its text is never searched and replaced. With \`fold\`, for
 * e-mail addresses, upper and lower case are the same. A number counts below a name that says whom it is about.
 */
const JSON_FUNCTIONS = `
create function identifying_names() returns text[]
language sql immutable parallel safe as $$
  select array['user_id', 'userId', 'userID', 'user', 'uid', 'user_ids', 'userIds', 'customer_id', 'customerId',
    'customer', 'member_id', 'memberId', 'person_id', 'personId', 'subject', 'subject_id', 'subjectId', 'distinct_id',
    'distinctId', 'anonymousId', 'previousId']
$$;

create function folds_case(subject text) returns boolean
language sql immutable parallel safe as $$
  select subject ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'
$$;

create function text_names(content text, subject text, fold boolean) returns boolean
language sql immutable parallel safe as $$
  select coalesce(content = subject or (fold and lower(content) = lower(subject)), false)
$$;

create function json_number_names(value jsonb, subject text) returns boolean
language plpgsql immutable parallel safe as $$
begin
  if subject !~ '^(0|-?[1-9][0-9]{0,30})$' then return false; end if;
  return jsonb_typeof(value) = 'number' and value = to_jsonb(subject::numeric);
end $$;

-- 2: a whole value is the subject; 1: a longer text contains it; 0: neither
create function json_names(doc jsonb, subject text, fold boolean) returns integer
language plpgsql immutable parallel safe as $$
begin
  if exists (select from jsonb_path_query(doc, 'strict $.** ? (@.type() == "string")') as s (value)
             where public.text_names(s.value #>> '{}', subject, fold)) then
    return 2;
  end if;
  if subject ~ '^(0|-?[1-9][0-9]{0,30})$' and exists (
       select from jsonb_path_query(doc, 'strict $.** ? (@.type() == "object")') as o (value),
         lateral jsonb_each(o.value) as m (name, value),
         lateral jsonb_array_elements(
           case jsonb_typeof(m.value) when 'array' then m.value else jsonb_build_array(m.value) end) as n (value)
       where m.name = any(public.identifying_names()) and public.json_number_names(n.value, subject)) then
    return 2;
  end if;
  return case when exists (
      select from jsonb_path_query(doc, 'strict $.** ? (@.type() == "string")') as s (value)
      where strpos(case when fold then lower(s.value #>> '{}') else s.value #>> '{}' end,
                   case when fold then lower(subject) else subject end) > 0) then 1 else 0 end;
end $$;

create function redact_json_value(content jsonb, targets text[], folded text[], numbers jsonb[], identifying boolean)
returns jsonb language plpgsql immutable parallel safe as $$
begin
  case jsonb_typeof(content)
  when 'string' then
    return case when content #>> '{}' = any(targets) or lower(content #>> '{}') = any(folded) then '"[redacted]"'::jsonb
                else content end;
  when 'number' then
    return case when identifying and content = any(numbers) then '"[redacted]"'::jsonb else content end;
  when 'array' then
    return coalesce((select jsonb_agg(public.redact_json_value(item, targets, folded, numbers,
                       identifying and jsonb_typeof(item) = 'number') order by n)
                     from jsonb_array_elements(content) with ordinality as e (item, n)), '[]');
  when 'object' then
    return coalesce((select jsonb_object_agg(key, public.redact_json_value(value, targets, folded, numbers,
                       key = any(public.identifying_names()))) from jsonb_each(content)), '{}');
  else
    return content;
  end case;
end $$;

-- puts "[redacted]" in the place of each value for which json_names answers 2, and leaves everything else as it is
create or replace function redact_json(content jsonb, targets text[]) returns jsonb
language plpgsql immutable parallel safe as $$
begin
  return public.redact_json_value(content, targets,
    array(select lower(t) from unnest(targets) t where public.folds_case(t)),
    array(select to_jsonb(t::numeric) from unnest(targets) t where t ~ '^(0|-?[1-9][0-9]{0,30})$'), false);
end $$;

-- the values of a funnel's conditions; what else stands in it is no person
create function funnel_redacted(definition jsonb, targets text[]) returns jsonb
language sql immutable parallel safe as $$
  select jsonb_set(definition, '{steps}', coalesce(jsonb_agg(
    case when s.step ? 'where' then jsonb_set(s.step, '{where}', public.redact_json(s.step -> 'where', targets))
         else s.step end order by s.place), '[]'))
  from jsonb_array_elements(definition -> 'steps') with ordinality as s (step, place)
$$`;

/**
 * Calls are append-only for the application. The first function takes address and user agent from the calls that brought one
 * person's records, which have the id of the first of them; the second lets paths that name the person fall back to their
 * route. A path is cut at 512 characters, so one of that length may end within a name.
 */
const CALL_FUNCTIONS = `
-- \`cut\`: it may end within a character
create function percent_decoded(segment text, cut boolean) returns text
language plpgsql immutable parallel safe as $$
declare
  bytes bytea := '';
  rest  text := case when cut then regexp_replace(segment, '%[0-9A-Fa-f]?$', '') else segment end;
  part  text;
begin
  if segment !~ '[%\\u0080-\\u00ff]' then return segment; end if;
  for part in select m[1] from regexp_matches(rest, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') as m loop
    bytes := bytes || case when part ~ '^%..$' then decode(substr(part, 2), 'hex') else convert_to(part, 'LATIN1') end;
  end loop;
  for missing in 0 .. case when cut then 3 else 0 end loop
    begin
      return convert_from(substr(bytes, 1, length(bytes) - missing), 'UTF8');
    exception when character_not_in_repertoire or untranslatable_character then
      null;
    end;
  end loop;
  return segment;
exception when untranslatable_character then
  return segment;
end $$;

-- what of a path stands for a parameter of its route, or everything where there is no route
create function path_values(path text, route text) returns table (name text, value text, cut boolean)
language sql immutable parallel safe as $$
  select coalesce(r.part, ''), public.percent_decoded(p.part, is_cut), is_cut
  from unnest(string_to_array(path, '/')) with ordinality as p (part, place)
  left join unnest(string_to_array(route, '/')) with ordinality as r (part, place) using (place)
  cross join lateral (select length(path) = 512 and p.place = cardinality(string_to_array(path, '/')) as is_cut) c
  where p.part <> '' and (route is null or r.part like ':%')
$$;

create function path_value_names(value text, cut boolean, subject text, fold boolean) returns boolean
language sql immutable parallel safe as $$
  select public.text_names(value, subject, fold) or (cut and length(value) > 20 and starts_with(subject, value))
$$;

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
revoke execute on function erase_own_api_calls, erase_api_paths from public;
grant execute on function erase_own_api_calls, erase_api_paths to tidemark_system;
drop function erase_api_call_paths`;

/** As the migration before left it. */
const ERASE_PATHS_BEFORE = `
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

/** As the migration before left it. */
const REDACT_BEFORE = `
create or replace function redact_json(content jsonb, targets text[]) returns jsonb
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
end $$`;

const FUNCTIONS = [
  'erase_own_api_calls',
  'erase_api_paths',
  'path_value_names',
  'path_values',
  'percent_decoded',
  'funnel_redacted',
  'redact_json_value',
  'json_names',
  'json_number_names',
  'text_names',
  'folds_case',
  'identifying_names',
];

export class EraseByIdentity1795282000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [ERASURES, TABLES, JSON_FUNCTIONS, CALL_FUNCTIONS]) await runner.query(sql);
  }

  /** Erasures in progress begin anew. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(ERASE_PATHS_BEFORE);
    await runner.query(REDACT_BEFORE);
    for (const name of FUNCTIONS) await runner.query(`drop function ${name}`);
    await runner.query('revoke update (definition) on saved_funnels from tidemark_system');
    await runner.query('revoke update (payload) on event_patches from tidemark_system');
    await runner.query('drop table privacy_keys, privacy_erasure_values');
    await runner.query(ERASURES_BEFORE);
  }
}
