import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { tenantRows } from './support/row-security.js';

const FUNCTIONS = ['drop_expired_partition'];

/**
 * One row for each task and each time it was due: whichever worker inserts it first has made the run, and no other can.
 * The lease, by the clock of the database, says until when a worker that shows no sign of life still has it.
 */
const TASK_RUNS = `
create table task_runs (
  id           uuid not null,
  task         text not null,
  due          timestamptz not null,
  state        text not null default 'queued' check (state in ('queued', 'running', 'completed', 'failed')),
  attempts     integer not null default 0,
  rows         bigint not null default 0,
  bytes        bigint not null default 0,
  removed      jsonb not null default '[]',
  holds        integer not null default 0,
  error        text,
  started_at   timestamptz,
  finished_at  timestamptz,
  claimed_by   uuid,
  leased_until timestamptz,
  primary key (id),
  constraint task_runs_due_key unique (task, due),
  constraint task_runs_finished_at_check check ((finished_at is null) = (state in ('queued', 'running')))
);
create index task_runs_unfinished_idx on task_runs (due) where state in ('queued', 'running');
grant select, insert, update, delete on task_runs to tidemark_system;
comment on table task_runs is
  'Runs of the scheduled tasks of retention: which was due when, and what it removed. Written by workers and the command line. Goes after 30 days.'`;

/** The event type '' stands for all that have no policy of their own. */
const POLICIES = `
create table retention_policies (
  tenant_id  uuid not null,
  kind       text not null check (kind in ('events', 'audit')),
  event_type text not null default '',
  days       integer not null check (days between 1 and 36500),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, kind, event_type),
  constraint retention_policies_event_type_check check (event_type = '' or kind = 'events')
);
${tenantRows('retention_policies')};
grant select on retention_policies to tidemark_app, tidemark_system;
grant insert, update, delete on retention_policies to tidemark_app;
comment on table retention_policies is
  'Days that a tenant keeps events and audit entries, where they differ from the settings. Written by keys of the scope admin. Goes when deleted.'`;

/** While a hold stands, nothing of what it covers is removed, cleaned up or erased. Times are those of the records. */
const HOLDS = `
create table retention_holds (
  tenant_id   uuid not null,
  id          uuid not null,
  reason      text not null,
  user_id     text,
  from_time   timestamptz,
  to_time     timestamptz,
  created_at  timestamptz not null default now(),
  created_by  text not null,
  released_at timestamptz,
  primary key (tenant_id, id),
  constraint retention_holds_to_time_check check (from_time < to_time)
);
create index retention_holds_standing_idx on retention_holds (tenant_id) where released_at is null;
${tenantRows('retention_holds')};
grant select on retention_holds to tidemark_app, tidemark_system;
grant insert on retention_holds to tidemark_app;
grant update (released_at) on retention_holds to tidemark_app;
comment on table retention_holds is
  'Legal holds, released ones too: what had to be kept, and why. Written by keys of the scope admin. Stays.'`;

/**
 * - retention_marks: up to which time of recording the events of a tenant and type have been removed, so that a run
 *   looks at what is new only. Any change of a policy or a hold of the tenant takes its rows away.
 * - removed_event_days: what recount must know.
 */
const MARKS = `
create table retention_marks (
  tenant_id      uuid not null,
  event_type     text not null,
  removed_before timestamptz not null,
  primary key (tenant_id, event_type)
);
${tenantRows('retention_marks')};
grant select, insert, update, delete on retention_marks to tidemark_system;
grant select, delete on retention_marks to tidemark_app;
comment on table retention_marks is
  'How far the removal of events has come, by tenant and policy. Written by workers. Goes when a policy or a hold changes.';
create table removed_event_days (
  tenant_id uuid not null,
  day       date not null,
  primary key (tenant_id, day)
);
${tenantRows('removed_event_days')};
grant select on removed_event_days to tidemark_app;
grant select, insert, delete on removed_event_days to tidemark_system;
comment on table removed_event_days is
  'UTC days whose events have been removed in part or whole: their counts stay and cannot be compared any more. Written by workers. Goes with the counts.'`;

/** What workers remove, besides what they could already. */
const GRANTS = 'delete on api_audit_logs, jobs';

/** Said of tables whose rows had no end until now. */
const STAYS = ' Stays.';
const GOES = ' Goes by retention.';
const WITH_AN_END = `array['events', 'event_keys', 'ingest_batches', 'api_audit_logs', 'jobs']`;

const changeComments = (from: string, to: string) => `
do $$
declare name text;
begin
  for name in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
    and (relname = any(${WITH_AN_END}) or relname ~ '^(event|processing)_(rollups|totals)_')
  loop
    execute format('comment on table %I is %L', name,
      replace(obj_description(name::regclass, 'pg_class'), '${from}', '${to}'));
  end loop;
end $$`;

export class CreateRetention1795300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const sql of [TASK_RUNS, POLICIES, HOLDS, MARKS]) await runner.query(sql);
    await createFunctions(runner, FUNCTIONS);
    await runner.query(`grant ${GRANTS} to tidemark_system`);
    await runner.query(changeComments(STAYS, GOES));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(changeComments(GOES, STAYS));
    await runner.query(`revoke ${GRANTS} from tidemark_system`);
    await dropFunctions(runner, FUNCTIONS);
    await runner.query(
      'drop table removed_event_days, retention_marks, retention_holds, retention_policies, task_runs',
    );
  }
}
