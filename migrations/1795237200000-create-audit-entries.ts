import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Both come with PostgreSQL and are trusted: the owner of a database may create them. */
const EXTENSIONS = ['btree_gin', 'pg_trgm'];

/**
 * The words of a text, for full-text search. Punctuation separates words, so that parts of addresses, paths and
 * identifiers are found; PostgreSQL's own parser would keep `jdoe@example.com` and `orders/42` whole and read `-42` as a
 * number. Nothing is stemmed: an audit trail is searched for what stands in it.
 */
const WORDS = `
create function audit_words(content text) returns tsvector
language sql immutable parallel safe as $$
  select to_tsvector('simple'::regconfig,
    translate(content, E'!"#$%&\\'()*+,-./:;<=>?@[\\\\]^_\`{|}~', repeat(' ', 32)))
$$;

-- JSON as text without its escapes, which would run into words; each is consumed as a pair, so \\\\n stays apart from \\n
create function audit_json_text(content jsonb) returns text
language sql immutable parallel safe as $$
  select regexp_replace(content::text, '\\\\(u[0-9a-f]{4}|.)', ' ', 'g')
$$`;

/**
 * Business audit trail, insert-only. Times are set by the writer, because the leaf holds them.
 * Indexes beside the primary key:
 * - time: every list, search and export is newest first by occurred_at; stats are answered from this index alone.
 * - user, resource: what somebody did, what happened to something.
 * - functionality: the audit-event routes show entries that have one.
 * - search: words, and trigrams of the message for substrings.
 */
const ENTRIES = `
create table audit_entries (
  tenant_id       uuid not null,
  id              uuid not null,
  client_id       text not null,
  key_id          uuid,
  action_type     text not null check (action_type in ('CREATE', 'UPDATE', 'DELETE', 'VIEW', 'EVENT')),
  resource_type   text not null,
  resource_id     text,
  severity        text not null check (severity in ('INFO', 'WARNING', 'ERROR', 'CRITICAL')),
  status          text,
  user_id         text,
  session_id      text,
  ip_address      text,
  user_agent      text,
  message         text,
  before_state    jsonb,
  after_state     jsonb,
  metadata        jsonb,
  functionality   text,
  event_type      text,
  store_id        bigint,
  company_id      bigint,
  idempotency_key text,
  occurred_at     timestamptz not null,
  created_at      timestamptz not null,
  salt            bytea,
  leaf            bytea not null,
  erased_at       timestamptz,
  search          tsvector generated always as (audit_words(
                    coalesce(message, '') || ' ' || resource_type || ' ' || coalesce(resource_id, '') || ' ' ||
                    coalesce(functionality, '') || ' ' || coalesce(event_type, '') || ' ' ||
                    coalesce(audit_json_text(before_state), '') || ' ' ||
                    coalesce(audit_json_text(after_state), '') || ' ' ||
                    coalesce(audit_json_text(metadata), ''))) stored,
  primary key (tenant_id, id),
  check (resource_id is not null or erased_at is not null),
  check (salt is not null or erased_at is not null)
) partition by range (id);
create index audit_entries_time_idx on audit_entries (tenant_id, occurred_at, id)
  include (action_type, severity, resource_type);
create index audit_entries_user_idx on audit_entries (tenant_id, user_id, occurred_at) where user_id is not null;
create index audit_entries_resource_idx on audit_entries (tenant_id, resource_type, resource_id, occurred_at);
create index audit_entries_functionality_idx on audit_entries (tenant_id, occurred_at, id)
  where functionality is not null;
create index audit_entries_search_idx on audit_entries using gin (tenant_id, search, message gin_trgm_ops);

-- 16-byte digest of (tenant, client, idempotency key); lives as long as the entry
create table audit_keys (
  key         uuid primary key,
  tenant_id   uuid not null,
  id          uuid not null,
  fingerprint bytea not null
);
create index audit_keys_entry_idx on audit_keys (tenant_id, id);

create function forget_audit_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  delete from public.audit_keys k using gone where k.tenant_id = gone.tenant_id and k.id = gone.id;
  return null;
end $$;
create trigger forget_keys after delete on audit_entries referencing old table as gone
  for each statement execute function forget_audit_keys()`;

/**
 * The application roles lack the right to change entries. This is a second line, against an owner's slip: only the
 * functions for erasure and retention turn the setting on.
 */
const GUARD = `
create function refuse_audit_rewrite() returns trigger
language plpgsql as $$
begin
  if current_setting('tidemark.audit_maintenance', true) is distinct from 'on' then
    raise exception 'audit entries are append-only: % on % refused', lower(tg_op), tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  return null;
end $$;
create trigger refuse_rewrite before update or delete or truncate on audit_entries
  for each statement execute function refuse_audit_rewrite()`;

/** Statement triggers of a parent do not fire for statements that name a partition, so each gets its own. */
const PARTITIONS = `
create or replace function ensure_partitions(from_month timestamptz, months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  parent  text;
  month   timestamptz;
  name    text;
  created integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tidemark.ensure_partitions'));
  for parent in
    select c.relname from pg_partitioned_table p
    join pg_class c on c.oid = p.partrelid and c.relnamespace = 'public'::regnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0] and a.attname = 'id'
    where p.partstrat = 'r' and p.partnatts = 1 order by c.relname
  loop
    for i in 0 .. months - 1 loop
      month := date_trunc('month', from_month) + make_interval(months => i);
      name := parent || '_' || to_char(month, 'YYYY_MM');
      if to_regclass(format('public.%I', name)) is null then
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
          name, parent,
          public.uuid7_lower_bound(month), public.uuid7_lower_bound(month + interval '1 month'));
        if parent = 'audit_entries' then
          execute format('create trigger refuse_rewrite before update or delete or truncate on public.%I
            for each statement execute function public.refuse_audit_rewrite()', name);
        end if;
        created := created + 1;
      end if;
    end loop;
  end loop;
  return created;
end $$`;

/** The foundation's function over a fixed list: what the migration before this one left. */
const PREVIOUS_PARTITIONS = `
create or replace function ensure_partitions(from_month timestamptz, months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  parent  text;
  month   timestamptz;
  name    text;
  created integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tidemark.ensure_partitions'));
  foreach parent in array array['events', 'ingest_batches', 'api_audit_logs'] loop
    for i in 0 .. months - 1 loop
      month := date_trunc('month', from_month) + make_interval(months => i);
      name := parent || '_' || to_char(month, 'YYYY_MM');
      if to_regclass(format('public.%I', name)) is null then
        execute format('create table public.%I partition of public.%I for values from (%L) to (%L)',
          name, parent,
          public.uuid7_lower_bound(month), public.uuid7_lower_bound(month + interval '1 month'));
        created := created + 1;
      end if;
    end loop;
  end loop;
  return created;
end $$`;

/** Rows of the nil tenant are the common catalogue, which every tenant sees and none can change. */
const CATALOGUE = `
create table functionalities (
  tenant_id  uuid not null,
  name       text not null check (length(name) between 1 and 255),
  created_at timestamptz not null default now(),
  primary key (tenant_id, name)
);
create table functionality_event_types (
  tenant_id     uuid not null,
  functionality text not null,
  name          text not null check (length(name) between 1 and 255),
  position      integer generated always as identity,
  primary key (tenant_id, functionality, name)
);
insert into functionalities (tenant_id, name)
  select '00000000-0000-0000-0000-000000000000', name from unnest(array['Authenticate', 'Price Management']) as name;
insert into functionality_event_types (tenant_id, functionality, name)
  select '00000000-0000-0000-0000-000000000000', functionality, name from (values
    ('Authenticate', 'Login'), ('Authenticate', 'Logout'), ('Authenticate', 'Sign up'),
    ('Authenticate', 'Reset Password'),
    ('Price Management', 'Item updated'), ('Price Management', 'Item updates picked up by publisher'),
    ('Price Management', 'Item updates pushed to rabbit MQ'),
    ('Price Management', 'Item updates acknowledgement received')) as seed (functionality, name)`;

const OWN = `tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid`;

const rowSecurity = (table: string, visible: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app using (${visible}) with check (${OWN});
create policy all_rows on ${table} to tidemark_system using (true) with check (true);
grant select, insert on ${table} to tidemark_app, tidemark_system`;

/**
 * Row-level security lets no operator that is not leakproof near an index, and those of full-text search are not. This
 * view shows a tenant the same rows, but its condition is an ordinary one, so the search index serves it.
 */
const SEARCH_VIEW = `
create view searchable_audit_entries as select * from audit_entries where ${OWN};
grant select on searchable_audit_entries to tidemark_app`;

export class CreateAuditEntries1795237200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const extension of EXTENSIONS) await runner.query(`create extension if not exists ${extension}`);
    await runner.query(WORDS);
    await runner.query(ENTRIES);
    await runner.query(GUARD);
    await runner.query(CATALOGUE);
    for (const table of ['audit_entries', 'audit_keys']) {
      await runner.query(rowSecurity(table, OWN));
      // Functions for retention and erasure run as the owner, who is under forced row-level security too.
      await runner.query(`create policy owner_rows on ${table} to current_user using (true) with check (true)`);
    }
    await runner.query(SEARCH_VIEW);
    const shared = `${OWN} or tenant_id = '00000000-0000-0000-0000-000000000000'`;
    for (const table of ['functionalities', 'functionality_event_types']) {
      await runner.query(rowSecurity(table, shared));
    }
    await runner.query(PARTITIONS);
    await runner.query(`select ensure_partitions(now() - interval '1 month', 4)`);
  }

  /** The extensions stay: something else in the database may use them by now. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(PREVIOUS_PARTITIONS);
    await runner.query('drop view searchable_audit_entries');
    await runner.query('drop table functionality_event_types, functionalities, audit_keys, audit_entries');
    await runner.query('drop function refuse_audit_rewrite, forget_audit_keys, audit_words, audit_json_text');
  }
}
