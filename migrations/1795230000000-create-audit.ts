import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { OWN_ROWS, ownerRows, tenantRows } from './support/row-security.js';
import { SEARCH_VIEW } from './support/search-view.js';

/** Both come with PostgreSQL and are trusted: the owner of a database may create them. */
const EXTENSIONS = ['btree_gin', 'pg_trgm'];

const COMMON_ROWS = `tenant_id = '00000000-0000-0000-0000-000000000000'`;

/** Their order is that of the salts. */
const PERSONAL_FIELDS = `array['user_id', 'session_id', 'ip_address', 'user_agent', 'resource_id', 'message',
  'idempotency_key', 'before_state', 'after_state', 'metadata']`;

/**
 * `calls` is more than 1 where a flood was folded into one row. Calls without a valid credential belong to "default".
 */
const CALL_LOG = `
create table api_audit_logs (
  tenant_id      uuid not null,
  id             uuid not null,
  request_id     text not null,
  client_id      text,
  key_id         uuid,
  method         text not null,
  path           text not null,
  route          text,
  status_code    smallint not null,
  duration_ms    real not null,
  ip             text,
  user_agent     text,
  request_bytes  integer not null,
  response_bytes integer,
  error          text,
  calls          integer not null default 1,
  timestamp      timestamptz not null,
  primary key (tenant_id, id)
) partition by range (id);
comment on table api_audit_logs is
  'The call log: every API call, refused ones too, by month. Inserted by the API; an erasure blanks who it was. Stays.';
grant select on api_audit_logs to tidemark_app;
grant select, insert on api_audit_logs to tidemark_system`;

/**
 * Times are set by the writer, because the leaf holds them.
 * - salts: 16 bytes for each personal field in their order, all zero where the field was erased or redacted.
 * - erased_fields, redacted_fields: what acts took, and where they replaced values; erased_at: the `at` of the last.
 * - erasures: leaf indexes of those acts, so that an export finds them.
 * Indexes beside the primary key:
 * - time: every list, search and export is newest first by occurred_at; stats are answered from this index alone.
 * - user, resource: what somebody did, what happened to something.
 * - functionality: the audit-event routes show entries that have one.
 * - search: words, and trigrams of the message for substrings, window by window (audit_time_windows.sql).
 */
const ENTRIES = `
create table audit_entries (
  tenant_id       uuid not null,
  id              uuid not null,
  source          text not null check (source in ('api', 'tidemark')),
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
  leaf            bytea not null,
  salts           bytea not null check (length(salts) = 160),
  erased_at       timestamptz,
  erased_fields   text[] check (erased_fields <> '{}' and erased_fields <@ ${PERSONAL_FIELDS}),
  redacted_fields text[] check (redacted_fields <> '{}' and redacted_fields <@ ${PERSONAL_FIELDS}),
  erasures        bigint[],
  search          tsvector generated always as (audit_words(
                    coalesce(message, '') || ' ' || resource_type || ' ' || coalesce(resource_id, '') || ' ' ||
                    coalesce(functionality, '') || ' ' || coalesce(event_type, '') || ' ' ||
                    coalesce(audit_json_text(before_state), '') || ' ' ||
                    coalesce(audit_json_text(after_state), '') || ' ' ||
                    coalesce(audit_json_text(metadata), ''))) stored,
  primary key (tenant_id, id),
  constraint audit_entries_resource_check check (
    resource_id is not null or (source = 'api' and coalesce('resource_id' = any(erased_fields), false))),
  constraint audit_entries_erased_check check (
    (erased_at is null) = (erasures is null) and (erased_at is null) = (coalesce(erased_fields, redacted_fields) is null))
) partition by range (id);
create index audit_entries_time_idx on audit_entries (tenant_id, occurred_at, id)
  include (action_type, severity, resource_type);
create index audit_entries_user_idx on audit_entries (tenant_id, user_id, occurred_at) where user_id is not null;
create index audit_entries_resource_idx on audit_entries (tenant_id, resource_type, resource_id, occurred_at);
create index audit_entries_functionality_idx on audit_entries (tenant_id, occurred_at, id)
  where functionality is not null;
create index audit_entries_search_idx on audit_entries
  using gin (audit_time_windows(tenant_id, occurred_at), search, message gin_trgm_ops);
comment on table audit_entries is
  'The audit trail: who did what to which resource, by month. Inserted with the change it records, never updated; fields go by an erasure, entries by retention, each ordered by a leaf.'`;

/** A 16-byte digest of (tenant, client, idempotency key). */
const KEYS = `
create table audit_keys (
  key         uuid primary key,
  tenant_id   uuid not null,
  id          uuid not null,
  fingerprint bytea not null
);
create index audit_keys_entry_idx on audit_keys (tenant_id, id);
comment on table audit_keys is
  'A digest of each entry''s idempotency key, so that a repeat is known. Inserted with the entry. Goes with it (forget_audit_keys).'`;

/**
 * Statement triggers. forget_keys and queue_leaves cannot be forgotten by any writer; refuse_rewrite guards against an
 * owner's slip.
 */
const TRIGGERS = `
create trigger forget_keys after delete on audit_entries referencing old table as gone
  for each statement execute function forget_audit_keys();
create trigger queue_leaves after insert on audit_entries referencing new table as new_entries
  for each statement execute function queue_audit_leaves();
create trigger refuse_rewrite before update or delete or truncate on audit_entries
  for each statement execute function refuse_audit_rewrite()`;

/** Rows of the nil tenant are the common catalogue, which every tenant sees and none can change. */
const CATALOGUE = `
create table functionalities (
  tenant_id  uuid not null,
  name       text not null check (length(name) between 1 and 255),
  created_at timestamptz not null default now(),
  primary key (tenant_id, name)
);
comment on table functionalities is
  'What audit events are about: the common catalogue, and what a tenant added. Inserted by the migrations and the API. Stays.';
create table functionality_event_types (
  tenant_id     uuid not null,
  functionality text not null,
  name          text not null check (length(name) between 1 and 255),
  position      integer generated always as identity,
  primary key (tenant_id, functionality, name)
);
comment on table functionality_event_types is
  'The types of audit events that a functionality has, in their order. Inserted by the migrations and the API. Stays.';
insert into functionalities (tenant_id, name)
  select '00000000-0000-0000-0000-000000000000', name from unnest(array['Authenticate', 'Price Management']) as name;
insert into functionality_event_types (tenant_id, functionality, name)
  select '00000000-0000-0000-0000-000000000000', functionality, name from (values
    ('Authenticate', 'Login'), ('Authenticate', 'Logout'), ('Authenticate', 'Sign up'),
    ('Authenticate', 'Reset Password'),
    ('Price Management', 'Item updated'), ('Price Management', 'Item updates picked up by publisher'),
    ('Price Management', 'Item updates pushed to rabbit MQ'),
    ('Price Management', 'Item updates acknowledgement received')) as seed (functionality, name)`;

/**
 * The transparency log of each tenant: a Merkle tree over its entries.
 * - audit_leaves: the order. `leaf` only where no entry holds it; act_id: the id in the leaf of an act, so that its
 *   proof can be asked for.
 * - audit_nodes: every fourth level of complete subtrees; those between are hashed from at most eight.
 * - audit_trees: locked by whoever appends. `peaks`: 32 bytes per complete subtree. recorded_until: the time of
 *   recording that later leaves are compared with; a leaf of the kind `clock` says where it ran backwards.
 */
const TREE = `
create table audit_unsealed (
  tenant_id uuid not null,
  entry_id  uuid not null,
  leaf_hash bytea not null,
  primary key (tenant_id, entry_id)
);
comment on table audit_unsealed is
  'Entries that wait for their place in the tree. Filled by a trigger on audit_entries. Goes when the sealer appends the leaf.';

create table audit_leaves (
  tenant_id   uuid not null,
  leaf_index  bigint not null check (leaf_index >= 0),
  kind        text not null default 'entry' check (kind in ('entry', 'erasure', 'prune', 'clock')),
  entry_id    uuid,
  act_id      uuid,
  leaf_hash   bytea not null check (length(leaf_hash) = 32),
  leaf        bytea,
  carried_out boolean not null default false,
  primary key (tenant_id, leaf_index),
  constraint audit_leaves_entry_id_check check ((entry_id is not null) = (kind = 'entry')),
  constraint audit_leaves_act_id_check check ((act_id is null) = (kind = 'entry')),
  constraint audit_leaves_leaf_check check ((leaf is null) = (kind = 'entry'))
);
create unique index audit_leaves_entry_key on audit_leaves (tenant_id, entry_id) where entry_id is not null;
create unique index audit_leaves_act_key on audit_leaves (tenant_id, act_id) where act_id is not null;
create index audit_leaves_acts_idx on audit_leaves (tenant_id, leaf_index) where kind <> 'entry';
comment on table audit_leaves is
  'The leaves of the tree in their order. Inserted by the sealer, and by erasure and retention for their acts. Stays, also when the entry goes.';

create table audit_nodes (
  tenant_id  uuid not null,
  level      smallint not null,
  node_index bigint not null,
  hash       bytea not null,
  primary key (tenant_id, level, node_index)
);
comment on table audit_nodes is
  'Hashes of complete subtrees, so that a proof reads few rows. Inserted with the leaves. Stays.';

create table audit_trees (
  tenant_id      uuid primary key,
  tree_size      bigint not null default 0,
  peaks          bytea not null default '',
  signed_size    bigint not null default 0,
  recorded_until timestamptz
);
create index audit_trees_unsigned_idx on audit_trees (tenant_id) where tree_size > signed_size;
comment on table audit_trees is
  'How far the tree of a tenant has grown and is signed. Written by the sealer, and by erasure and retention for their acts. Stays.';

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
comment on table audit_checkpoints is
  'The signed heads of a tree, the last of each hour. Written by the sealer. Stays.';

grant select on audit_unsealed, audit_leaves, audit_nodes, audit_trees, audit_checkpoints
  to tidemark_app, tidemark_system;
grant delete on audit_unsealed to tidemark_system;
grant insert on audit_leaves, audit_nodes to tidemark_system;
grant insert, update on audit_trees, audit_checkpoints to tidemark_system`;

const BEFORE_TABLES = ['audit_words', 'audit_json_text', 'audit_time_windows'];
const AFTER_TABLES = [
  'forget_audit_keys',
  'refuse_audit_rewrite',
  'queue_audit_leaves',
  'identifying_names',
  'folds_case',
  'redact_json_value',
  'redact_json',
  'audit_act_entries',
  'claim_audit_act',
  'clear_audit_salts',
  'erase_audit_entries',
  'prune_audit_entries',
];

const APPEND_ONLY = ['audit_entries', 'audit_keys'];
const COMMON = ['functionalities', 'functionality_event_types'];
const LOG = ['audit_unsealed', 'audit_leaves', 'audit_nodes', 'audit_trees', 'audit_checkpoints'];

export class CreateAudit1795230000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const extension of EXTENSIONS) await runner.query(`create extension if not exists ${extension}`);
    await createFunctions(runner, BEFORE_TABLES);
    for (const sql of [CALL_LOG, ENTRIES, KEYS, CATALOGUE, TREE]) await runner.query(sql);
    await createFunctions(runner, AFTER_TABLES);
    await runner.query(TRIGGERS);
    for (const table of ['api_audit_logs', ...APPEND_ONLY, ...LOG]) {
      await runner.query(tenantRows(table));
      await runner.query(ownerRows(table));
    }
    for (const table of COMMON) await runner.query(tenantRows(table, OWN_ROWS, `${OWN_ROWS} or ${COMMON_ROWS}`));
    await runner.query(
      `grant select, insert on ${[...APPEND_ONLY, ...COMMON].join(', ')} to tidemark_app, tidemark_system`,
    );
    await runner.query(SEARCH_VIEW);
    await runner.query(`select ensure_partitions(now() - interval '1 month', 4)`);
  }

  /** The extensions stay: something else in the database may use them by now. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view searchable_audit_entries');
    await runner.query(`drop table api_audit_logs, ${[...APPEND_ONLY, ...COMMON, ...LOG].join(', ')}`);
    await dropFunctions(runner, [...BEFORE_TABLES, ...AFTER_TABLES]);
  }
}
