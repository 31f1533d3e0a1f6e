import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who was active on which UTC day, counted in the transaction that counts the events.
 * - The key is a hash, so that the first rows of a day in the order of the primary key are a random sample of its users:
 *   a mergeable sketch that needs no storage of its own (KMV, Bar-Yossef et al. 2002).
 * - first_time and last_time tell whether somebody was active before or after any instant of the day without reading events.
 * - `busy` changes with every 16th event only: an index on `count` would turn each update into a new index entry.
 */
const SUBJECT_KEY = `
create function subject_key(subject text) returns uuid
language sql immutable strict parallel safe as $$
  select encode(substring(sha256(convert_to(subject, 'UTF8')) for 16), 'hex')::uuid
$$`;

const USER_DAYS = `
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

create table session_days (
  tenant_id   uuid not null,
  day         timestamptz not null,
  session_key uuid not null,
  first_time  timestamptz not null,
  last_time   timestamptz not null,
  count       integer not null,
  primary key (tenant_id, day, session_key)
) with (fillfactor = 80)`;

const rowSecurity = (table: string) => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app
  using (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
create policy all_rows on ${table} to tidemark_system using (true) with check (true);
grant select on ${table} to tidemark_app;
grant select, insert, update, delete on ${table} to tidemark_system`;

/** The events that are counted already. Chains of upserts in one statement, as in the worker. */
const BACKFILL = `
insert into user_days (tenant_id, day, user_key, first_time, last_time, count, user_id)
select e.tenant_id, date_bin('1 day', e.event_time, timestamptz '1970-01-01 00:00Z'), subject_key(e.user_id),
       min(e.event_time), max(e.event_time), count(*), e.user_id
from events e
where e.user_id is not null
  and exists (select from ingest_batches b where b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed')
  and not exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id and f.state <> 'resolved')
group by 1, 2, 3, e.user_id;
insert into session_days (tenant_id, day, session_key, first_time, last_time, count)
select e.tenant_id, date_bin('1 day', e.event_time, timestamptz '1970-01-01 00:00Z'), subject_key(e.session_id),
       min(e.event_time), max(e.event_time), count(*)
from events e
where e.session_id is not null
  and exists (select from ingest_batches b where b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed')
  and not exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id and f.state <> 'resolved')
group by 1, 2, 3`;

export class CreateUserRollups1795233600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SUBJECT_KEY);
    await runner.query(USER_DAYS);
    await withoutRowSecurity(runner, ['events', 'ingest_batches', 'failed_events'], () => runner.query(BACKFILL));
    for (const table of ['user_days', 'session_days']) await runner.query(rowSecurity(table));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table user_days, session_days');
    await runner.query('drop function subject_key');
  }
}

/** Row security is forced, so even the owner sees nothing of a table: for the length of this transaction it does. */
async function withoutRowSecurity(runner: QueryRunner, tables: string[], work: () => Promise<unknown>): Promise<void> {
  for (const table of tables) await runner.query(`alter table ${table} no force row level security`);
  await work();
  for (const table of tables) await runner.query(`alter table ${table} force row level security`);
}
