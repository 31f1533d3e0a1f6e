import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Roles. The login of DATABASE_MIGRATION_URL owns everything and only migrates. That of DATABASE_URL owns nothing and takes on
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

const IDENTITY = `
create table tenants (
  id         uuid primary key,
  name       text not null check (length(name) between 1 and 255),
  status     text not null default 'active' check (status in ('active', 'inactive', 'suspended')),
  settings   jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create unique index tenants_name_key on tenants (lower(name));

create table api_keys (
  id            uuid primary key,
  tenant_id     uuid not null references tenants (id),
  prefix        text not null unique,
  secret_hash   text not null,
  client_id     text not null,
  name          text not null,
  scopes        text[] not null,
  rate_limit    integer check (rate_limit > 0),
  rate_window_s integer check (rate_window_s > 0),
  event_limit   integer check (event_limit > 0),
  is_active     boolean not null default true,
  expires_at    timestamptz,
  last_used_at  timestamptz,
  created_at    timestamptz not null default now(),
  check (scopes <@ array['read', 'write', 'admin', 'platform'] and cardinality(scopes) > 0)
);
create index api_keys_tenant_idx on api_keys (tenant_id, id);

create table installation_secrets (
  name  text primary key,
  value bytea not null
);
-- two random UUIDs hold 244 random bits
insert into installation_secrets
  select name, sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
  from unnest(array['key_pepper', 'jwt_secret']) as name;

insert into tenants (id, name) values ('00000000-0000-7000-8000-000000000000', 'default')`;

/**
 * The write path. Partitions are monthly ranges of the UUIDv7 id, so the primary key prunes.
 * - events (tenant_id, user_id, event_time): journeys and per-user analytics.
 * - events (tenant_id, event_type, event_time): funnels, breakdowns, and the sub-minute edges of counts.
 * - event_keys: one row per accepted event, 16-byte digest of (tenant, client, event_id).
 * - ingest_batches: the queue. The partial indexes hold queued batches only.
 */
const WRITE_PATH = `
create table events (
  tenant_id   uuid not null,
  id          uuid not null,
  batch_id    uuid not null,
  client_id   text not null,
  event_id    text not null,
  event_type  text not null,
  user_id     text,
  session_id  text,
  event_time  timestamptz not null,
  received_at timestamptz not null,
  payload     jsonb not null,
  enrichment  jsonb,
  primary key (tenant_id, id)
) partition by range (id);
create index events_user_idx on events (tenant_id, user_id, event_time) where user_id is not null;
create index events_type_idx on events (tenant_id, event_type, event_time);

create table event_keys (
  key uuid primary key,
  id  uuid not null
) partition by hash (key);

create table ingest_batches (
  tenant_id       uuid not null,
  id              uuid not null,
  first_id        uuid not null,
  last_id         uuid not null,
  event_count     integer not null,
  status          text not null default 'queued' check (status in ('queued', 'processed')),
  attempts        smallint not null default 0,
  next_attempt_at timestamptz,
  error           text,
  received_at     timestamptz not null default now(),
  processed_at    timestamptz,
  primary key (tenant_id, id)
) partition by range (id);
create index ingest_batches_queued_idx on ingest_batches (id) where status = 'queued';
create index ingest_batches_pending_idx on ingest_batches (tenant_id, received_at) include (event_count)
  where status = 'queued';

create table failed_events (
  tenant_id     uuid not null,
  event_id      uuid not null,
  reason        text not null,
  attempts      smallint not null default 1,
  next_retry_at timestamptz,
  state         text not null default 'open' check (state in ('open', 'dead', 'resolved')),
  failed_at     timestamptz not null default now(),
  primary key (tenant_id, event_id)
)`;

const hashPartitions = Array.from(
  { length: 8 },
  (_, n) => `create table event_keys_${n} partition of event_keys for values with (modulus 8, remainder ${n})`,
);

/**
 * Rollups. event_rollups_* count by the time an event happened; processing_rollups_* by the time it was processed.
 * fillfactor leaves room for HOT updates: a hot key is updated once per batch.
 */
const rollups = (granularity: string) => `
create table event_rollups_${granularity} (
  tenant_id  uuid not null,
  bucket     timestamptz not null,
  client_id  text not null,
  event_type text not null,
  count      bigint not null,
  failed     bigint not null default 0,
  primary key (tenant_id, bucket, client_id, event_type)
) with (fillfactor = 70);
create table processing_rollups_${granularity} (
  tenant_id         uuid not null,
  bucket            timestamptz not null,
  client_id         text not null,
  processed         bigint not null,
  failed            bigint not null default 0,
  latency_sum_ms    double precision not null,
  latency_min_ms    double precision not null,
  latency_max_ms    double precision not null,
  latency_histogram jsonb not null,
  primary key (tenant_id, bucket, client_id)
) with (fillfactor = 70)`;

/** Adds two sparse histograms {bin: count}: the merge of a DDSketch (Masson et al., VLDB 2019) with unbounded bins. */
const HISTOGRAM = `
create function merge_histograms(a jsonb, b jsonb) returns jsonb
language sql immutable strict parallel safe as $$
  select jsonb_object_agg(bin, n) from (
    select key as bin, sum(value::bigint) as n
    from (select * from jsonb_each_text(a) union all select * from jsonb_each_text(b)) pairs
    group by key
  ) merged
$$`;

/**
 * Partition upkeep. SECURITY DEFINER so that workers, which own no table, can create partitions;
 * the list of tables is fixed inside.
 */
const PARTITIONS = `
create function uuid7_lower_bound(at timestamptz) returns uuid
language sql immutable strict parallel safe as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;

create function ensure_partitions(from_month timestamptz, months integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  parent  text;
  month   timestamptz;
  name    text;
  created integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tidemark.ensure_partitions'));
  foreach parent in array array['events', 'ingest_batches'] loop
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

const TENANT_TABLES = [
  'api_keys',
  'events',
  'ingest_batches',
  'failed_events',
  ...['minute', 'hour', 'day'].flatMap((granularity) => [
    `event_rollups_${granularity}`,
    `processing_rollups_${granularity}`,
  ]),
];

const rowSecurity = (table: string, tenantColumn: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (${tenantColumn} = nullif(current_setting('app.tenant_id', true), '')::uuid)
  with check (${tenantColumn} = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true)`;

const GRANTS = `
grant usage on schema public to tidemark_app, tidemark_system;
grant select on all tables in schema public to tidemark_app, tidemark_system;
grant insert, update, delete on api_keys to tidemark_app, tidemark_system;
grant insert, update on tenants to tidemark_system;
grant update (enrichment) on events to tidemark_app;
grant update, delete on failed_events to tidemark_app;
grant insert, update, delete on events, event_keys, ingest_batches, failed_events to tidemark_system;
revoke all on event_keys, installation_secrets from tidemark_app;
grant select on event_keys to tidemark_app;
revoke execute on function ensure_partitions(timestamptz, integer) from public;
grant execute on function ensure_partitions(timestamptz, integer) to tidemark_system`;

export class CreateFoundation1795219200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const run = async (sql: string) => void (await runner.query(sql));
    for (const role of ROLES) {
      await run(createRole(role));
      await run(grantToLogin(role));
    }
    await run(IDENTITY);
    await run(WRITE_PATH);
    for (const sql of hashPartitions) await run(sql);
    for (const granularity of ['minute', 'hour', 'day']) await run(rollups(granularity));
    await run(HISTOGRAM);
    await run(PARTITIONS);
    await run(rowSecurity('tenants', 'id'));
    for (const table of TENANT_TABLES) await run(rowSecurity(table, 'tenant_id'));
    await run(GRANTS);
    for (const granularity of ['minute', 'hour', 'day']) {
      await run(
        `grant insert, update, delete on event_rollups_${granularity}, processing_rollups_${granularity} to tidemark_system`,
      );
    }
    await run(`select ensure_partitions(now() - interval '1 month', 4)`);
  }

  /** Roles stay: other databases of the server may use them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function ensure_partitions, uuid7_lower_bound, merge_histograms');
    await runner.query(`drop table installation_secrets, event_keys, tenants, ${TENANT_TABLES.join(', ')}`);
  }
}
