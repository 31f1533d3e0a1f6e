import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { tenantRows } from './support/row-security.js';

const FUNCTIONS = ['subject_key'];
const COUNT_GRANULARITIES = ['minute', 'ten_minutes', 'hour', 'day'];
const PROCESSING_GRANULARITIES = ['minute', 'hour', 'day'];
const WORKERS = 'Written by workers in the transaction that marks a batch as processed. Stays.';

/**
 * Counts by the time an event happened. Totals are those of all clients together: most questions are not about clients,
 * and read a row for each. fillfactor leaves room for HOT updates: a hot key is updated once per batch.
 */
const counts = (granularity: string) => `
create table event_rollups_${granularity} (
  tenant_id  uuid not null,
  bucket     timestamptz not null,
  client_id  text not null,
  event_type text not null,
  count      bigint not null,
  failed     bigint not null default 0,
  primary key (tenant_id, bucket, client_id, event_type)
) with (fillfactor = 70);
comment on table event_rollups_${granularity} is
  'Events by client and type, by the ${granularity.replace('_', ' ')} in which they happened. ${WORKERS}';

create table event_totals_${granularity} (
  tenant_id  uuid not null,
  bucket     timestamptz not null,
  event_type text not null,
  count      bigint not null,
  failed     bigint not null default 0,
  primary key (tenant_id, bucket, event_type)
) with (fillfactor = 70);
comment on table event_totals_${granularity} is
  'Events by type, by the ${granularity.replace('_', ' ')} in which they happened. ${WORKERS}'`;

/**
 * Counts and latencies by the time of processing. A tenant with many clients would have that many histograms to merge
 * for every bucket of an answer, hence the totals. A day's histogram has some 3 kB: compressing it anew with each batch
 * took longer than adding to it, hence the toast_tuple_target.
 */
const processing = (table: string, of: string, key: string) => `
create table ${table} (
  tenant_id         uuid not null,
  bucket            timestamptz not null,
  ${key === '' ? '' : `${key}         text not null,`}
  processed         bigint not null,
  failed            bigint not null default 0,
  latency_sum_ms    double precision not null,
  latency_min_ms    double precision not null,
  latency_max_ms    double precision not null,
  latency_histogram jsonb not null,
  primary key (tenant_id, bucket${key === '' ? '' : `, ${key}`})
) with (fillfactor = 70, toast_tuple_target = 8160);
comment on table ${table} is '${of}. ${WORKERS}'`;

/**
 * - The key is a hash, so that the first rows of a day in the order of the primary key are a random sample of its
 *   users: a mergeable sketch that needs no storage of its own (KMV, Bar-Yossef et al. 2002).
 * - first_time and last_time tell whether somebody was active before or after any instant of the day without reading
 *   events.
 * - `busy` changes with every 16th event only: an index on `count` would turn each update into a new index entry.
 */
const SUBJECT_DAYS = `
create table user_days (
  tenant_id  uuid not null,
  day        timestamptz not null,
  user_key   uuid not null,
  first_time timestamptz not null,
  last_time  timestamptz not null,
  count      integer not null,
  busy       smallint not null generated always as (least(count / 16, 32767)) stored,
  user_id    text not null,
  primary key (tenant_id, day, user_key)
) with (fillfactor = 80);
create index user_days_busy_idx on user_days (tenant_id, day, busy desc) where busy > 0;
comment on table user_days is
  'Which user was active on which UTC day. Written by workers in the transaction that marks a batch as processed. Goes when the user is erased.';

create table session_days (
  tenant_id   uuid not null,
  day         timestamptz not null,
  session_key uuid not null,
  first_time  timestamptz not null,
  last_time   timestamptz not null,
  count       integer not null,
  primary key (tenant_id, day, session_key)
) with (fillfactor = 80);
comment on table session_days is
  'Which session was active on which UTC day. Written by workers in the transaction that marks a batch as processed. Goes when its user is erased.'`;

const SAVED_FUNNELS = `
create table saved_funnels (
  tenant_id  uuid not null,
  id         uuid not null,
  name       text not null check (length(name) between 1 and 255),
  definition jsonb not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index saved_funnels_name_key on saved_funnels (tenant_id, lower(name));
comment on table saved_funnels is
  'Funnels that a tenant keeps under a name; the newest is shown on its dashboard. Written by the API. Goes when deleted.';
grant select, insert, delete on saved_funnels to tidemark_app;
grant select, delete on saved_funnels to tidemark_system;
grant update (definition) on saved_funnels to tidemark_system`;

const ROLLUPS = [
  ...COUNT_GRANULARITIES.flatMap((granularity) => [`event_rollups_${granularity}`, `event_totals_${granularity}`]),
  ...PROCESSING_GRANULARITIES.flatMap((granularity) => [
    `processing_rollups_${granularity}`,
    `processing_totals_${granularity}`,
  ]),
  'user_days',
  'session_days',
];

const rollupGrants = (table: string) => `
grant select on ${table} to tidemark_app;
grant select, insert, update, delete on ${table} to tidemark_system`;

export class CreateAnalytics1795226400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, FUNCTIONS);
    for (const granularity of COUNT_GRANULARITIES) await runner.query(counts(granularity));
    for (const granularity of PROCESSING_GRANULARITIES) {
      const of = `Events and latencies by the ${granularity} in which they were processed`;
      await runner.query(processing(`processing_rollups_${granularity}`, `${of}, by client`, 'client_id'));
      await runner.query(processing(`processing_totals_${granularity}`, of, ''));
    }
    await runner.query(SUBJECT_DAYS);
    for (const table of ROLLUPS) await runner.query(tenantRows(table) + ';' + rollupGrants(table));
    await runner.query(SAVED_FUNNELS);
    await runner.query(tenantRows('saved_funnels'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table saved_funnels, ${ROLLUPS.join(', ')}`);
    await dropFunctions(runner, FUNCTIONS);
  }
}
