import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { ownerRows, tenantRows } from './support/row-security.js';

const FUNCTIONS = [
  'text_names',
  'json_number_names',
  'json_names',
  'funnel_redacted',
  'percent_decoded',
  'path_values',
  'path_value_names',
  'erase_own_api_calls',
  'erase_api_paths',
];

/**
 * An erasure goes by who somebody is, in steps: `stage` and `after` say where it stands, in the commit of what was
 * done, so that a worker that takes over neither repeats nor counts anything twice. `claimed_by` keeps a worker that
 * was thought dead from going on beside it. All that says who it is about goes when it is done; the HMAC stays.
 */
const ERASURES = `
create table privacy_erasures (
  tenant_id    uuid not null,
  id           uuid not null,
  state        text not null default 'queued' check (state in ('queued', 'running', 'completed')),
  subject      text,
  subject_hmac text not null,
  mentions     text not null default 'keep' check (mentions in ('keep', 'redact')),
  client_id    text not null,
  key_id       uuid,
  requested_at timestamptz not null default now(),
  started_at   timestamptz,
  completed_at timestamptz,
  stage        text,
  after        uuid,
  identities   text[],
  sessions     text[],
  swept_at     timestamptz,
  act_indexes  bigint[] not null default '{}',
  tree_size    bigint,
  counts       jsonb not null default '{}',
  claimed_by   uuid,
  leased_until timestamptz,
  primary key (tenant_id, id),
  constraint privacy_erasures_subject_check check ((subject is null) = (state = 'completed'))
);
create index privacy_erasures_open_idx on privacy_erasures (requested_at) where state <> 'completed';
comment on table privacy_erasures is
  'Requests to forget somebody, how far each is, and what it did. Inserted by the API, updated by workers. The receipt stays, without who it was.';
grant select, insert on privacy_erasures to tidemark_app;
grant select, update on privacy_erasures to tidemark_system;

create table privacy_erasure_values (
  tenant_id  uuid not null,
  erasure_id uuid not null,
  kind       text not null check (kind in ('event_id', 'session', 'context')),
  client_id  text not null default '',
  value      text not null,
  primary key (tenant_id, erasure_id, kind, client_id, value)
);
comment on table privacy_erasure_values is
  'What an erasure found and still needs after the events that said it are blank. Written by workers. Goes when the erasure is done.';
grant select, insert, delete on privacy_erasure_values to tidemark_system;

create table privacy_keys (
  tenant_id uuid primary key,
  key       bytea not null check (length(key) = 32)
);
comment on table privacy_keys is
  'One random key per tenant, for the HMAC that stands for a subject in leaves and receipts. Inserted with the first erasure. Stays; deleting it makes them say nothing about anybody.';
grant select, insert on privacy_keys to tidemark_app;
grant select on privacy_keys to tidemark_system`;

/** No row of it is a tenant's to see. */
const ERASURE_VALUES_ROWS = `
alter table privacy_erasure_values enable row level security;
alter table privacy_erasure_values force row level security;
create policy all_rows on privacy_erasure_values to tidemark_system using (true) with check (true)`;

/**
 * The row is the truth: `done` counts the steps that are committed, and the lease, by the clock of the database, says
 * until when a worker that shows no sign of life still has it.
 */
const JOBS = `
create table jobs (
  tenant_id    uuid not null references tenants (id),
  id           uuid not null,
  name         text not null check (name in ('generate-sample-data')),
  parameters   jsonb not null,
  state        text not null default 'waiting' check (state in ('waiting', 'active', 'completed', 'failed')),
  total        integer not null check (total > 0),
  done         integer not null default 0,
  rejected     integer not null default 0,
  attempts     integer not null default 0,
  error        text,
  client_id    text not null,
  key_id       uuid,
  created_at   timestamptz not null default now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  claimed_by   uuid,
  leased_until timestamptz,
  primary key (tenant_id, id),
  constraint jobs_done_check check (done between 0 and total),
  constraint jobs_finished_at_check check ((finished_at is null) = (state in ('waiting', 'active')))
);
create index jobs_unfinished_idx on jobs (created_at, id) where state in ('waiting', 'active');
comment on table jobs is
  'Work that an administrator asked for, and how far it is. Inserted by the API, updated by workers. Stays.';
grant select on jobs to tidemark_app;
grant insert (tenant_id, id, name, parameters, total, client_id, key_id) on jobs to tidemark_app;
grant select on jobs to tidemark_system;
grant update (state, done, rejected, attempts, error, started_at, finished_at, claimed_by, leased_until)
  on jobs to tidemark_system`;

export class CreatePrivacyAndJobs1795233600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, FUNCTIONS);
    await runner.query(ERASURES);
    await runner.query(JOBS);
    for (const table of ['privacy_erasures', 'privacy_keys', 'jobs']) await runner.query(tenantRows(table));
    await runner.query(ERASURE_VALUES_ROWS);
    await runner.query(ownerRows('privacy_erasure_values'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table jobs, privacy_keys, privacy_erasure_values, privacy_erasures');
    await dropFunctions(runner, FUNCTIONS);
  }
}
