import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isTenant, tenantRows } from './support/row-security.js';

/**
 * The login of DATABASE_MIGRATION_URL owns everything and only migrates. That of DATABASE_URL owns nothing and takes on
 * - tidemark_app: sees the rows of the tenant in `app.tenant_id` and nothing when that is unset;
 * - tidemark_system: ingest, workers and authentication, which span tenants.
 * Roles belong to the cluster, so several Tidemark databases on one server share them.
 */
const ROLES = ['tidemark_app', 'tidemark_system'];

const createRole = (role: string) => `
do $$
begin
  if not exists (select from pg_roles where rolname = '${role}') then
    create role ${role} nologin nosuperuser nocreatedb nocreaterole nobypassrls;
  end if;
exception when duplicate_object or unique_violation then
  null; -- another database of this server is being migrated at the same moment
end $$`;

/** Whoever created the roles may grant them, to itself too; another owner must have been granted them already. */
const grantToLogin = (role: string) => `
do $$
begin
  execute format('grant ${role} to %I', current_user);
exception when insufficient_privilege then
  if not pg_has_role(current_user, '${role}', 'member') then
    raise exception '% may not use the role ${role}; as a superuser run: grant ${role} to %', current_user, current_user;
  end if;
end $$`;

const TENANTS = `
create table tenants (
  id         uuid primary key,
  name       text not null check (length(name) between 1 and 255),
  status     text not null default 'active' check (status in ('active', 'inactive', 'suspended')),
  settings   jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create unique index tenants_name_key on tenants (lower(name));
comment on table tenants is
  'The isolation boundary: nothing of one tenant is visible to another. Written by platform keys. Stays.';
insert into tenants (id, name) values ('00000000-0000-7000-8000-000000000000', 'default')`;

const KEYS = `
create table api_keys (
  id            uuid primary key,
  tenant_id     uuid not null references tenants (id),
  prefix        text not null unique,
  secret_hash   text not null,
  client_id     text not null,
  name          text not null,
  scopes        text[] not null
                check (scopes <@ array['track', 'read', 'write', 'admin', 'platform'] and cardinality(scopes) > 0),
  rate_limit    integer check (rate_limit > 0),
  rate_window_s integer check (rate_window_s > 0),
  event_limit   integer check (event_limit > 0),
  is_active     boolean not null default true,
  expires_at    timestamptz,
  last_used_at  timestamptz,
  created_at    timestamptz not null default now()
);
create index api_keys_tenant_idx on api_keys (tenant_id, id);
comment on table api_keys is
  'API keys: a prefix to find them by and a bcrypt hash, never the key. Written by keys of the scope admin. Goes when deleted.'`;

/** `subject` says by what somebody signed in and is no foreign key, so that other kinds than API keys can come. */
const SESSIONS = `
create table sessions (
  id           uuid primary key,
  token_hash   bytea not null unique check (octet_length(token_hash) = 32),
  subject_kind text not null check (subject_kind in ('api_key')),
  subject      text not null,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at   timestamptz not null
);
create index sessions_subject_idx on sessions (subject_kind, subject, created_at desc);
create index sessions_expires_idx on sessions (expires_at);
comment on table sessions is
  'Sign-ins of people at the dashboard, with a hash of the token. Written by the API. Goes at sign-out, or at a later sign-in once it has ended.'`;

/**
 * Two random UUIDs hold 244 random bits. The signing key is used only where none is configured: then whoever owns the
 * database can sign as well.
 */
const SECRETS = `
create table installation_secrets (
  name  text primary key,
  value bytea not null
);
comment on table installation_secrets is
  'Random secrets that all processes share, readable to tidemark_system alone. Written by the migrations. Stays.';
insert into installation_secrets
  select name, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
  from unnest(array['key_pepper', 'jwt_secret', 'audit_signing_key']) as name`;

const GRANTS = `
grant usage on schema public to tidemark_app, tidemark_system;
grant select on tenants, api_keys, migrations to tidemark_app, tidemark_system;
grant insert, update on tenants to tidemark_system;
grant insert, update, delete on api_keys to tidemark_app, tidemark_system;
grant select, insert, update, delete on sessions to tidemark_system;
grant select on installation_secrets to tidemark_system;
comment on table migrations is
  'The migrations that have run, so that API and worker know whether the schema is theirs. Written by migrate. Stays.'`;

export class CreateTenantsAndKeys1795219200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const role of ROLES) {
      await runner.query(createRole(role));
      await runner.query(grantToLogin(role));
    }
    for (const sql of [TENANTS, KEYS, SESSIONS, SECRETS]) await runner.query(sql);
    await runner.query(tenantRows('tenants', isTenant('id')));
    await runner.query(tenantRows('api_keys'));
    await runner.query(GRANTS);
  }

  /** Roles stay: other databases of the server may use them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table installation_secrets, sessions, api_keys, tenants');
  }
}
