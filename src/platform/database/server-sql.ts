/** What {@link ServerChecks} looks at. */
export const SERVER_FACTS = `/* server.facts */
select current_setting('server_version_num')::int as version,
       current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes,
       rolsuper as superuser, rolbypassrls as bypassrls,
       extract(epoch from clock_timestamp())::float8 * 1000 as now_ms,
       to_regclass('public.events_' || to_char(now() at time zone 'UTC', 'YYYY_MM')) is not null as partition_ahead
from pg_roles where rolname = current_user`;

/** Whether it answers. */
export const PING = '/* server.ping */ select 1';

/** How far the primary has written its log to disk: what was committed is before it. */
export const WRITTEN = `/* server.written */ select pg_current_wal_flush_lsn() - '0/0'::pg_lsn as position`;

/** How far a standby has replayed that log, and when the last commit in it was made; null of a primary. */
export const REPLAYED = `/* server.replayed */
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() - '0/0'::pg_lsn end as position,
       extract(epoch from pg_last_xact_replay_timestamp())::float8 * 1000 as committed_ms`;

/** What opens a transaction of a tenant: the rows of $1 until it ends. */
export const SET_TENANT = `/* server.setTenant */ select set_config('app.tenant_id', $1, true)`;

const READ_ONLY = `(pg_is_in_recovery() or current_setting('transaction_read_only')::bool) as read_only`;

/** Whether the server is a standby, or refuses writes for another reason. */
export const IS_READ_ONLY = `/* server.isReadOnly */ select ${READ_ONLY}`;

/** Whose rights the session has, and whether it may write. */
export const DESCRIBE_SESSION = `/* server.describeSession */ select current_user::text as role, ${READ_ONLY}`;

/** Sets each parameter of the list $1 to the value of the list $2, until the session ends. */
export const APPLY_SETTINGS = `/* server.applySettings */
select set_config(name, value, false) from unnest($1::text[], $2::text[]) as setting (name, value)`;

export const FIND_PROCESS = '/* server.findProcess */ select pg_backend_pid() as pid';
