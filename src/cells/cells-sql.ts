import pg from 'pg';

/**
 * The tenant that a session moves. Statements that take no parameters (COPY) read it, and so does the row-level
 * security that binds the owner.
 */
export const SET_MOVED = `/* cells.setMoved */ select set_config('tidemark.moved_tenant', $1, false)`;
const MOVED = `current_setting('tidemark.moved_tenant')::uuid`;

/** Values are printed alike in both installations, to the last digit. */
export const SETTINGS = {
  timezone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  client_encoding: 'UTF8',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

export const APPLY =
  '/* cells.apply */ select set_config(name, value, false) from unnest($1::text[], $2::text[]) as s (name, value)';

export const BEGIN_SNAPSHOT = '/* cells.beginSnapshot */ begin isolation level repeatable read read only';
export const BEGIN = '/* cells.begin */ begin';
export const COMMIT = '/* cells.commit */ commit';

const quoted = (columns: readonly string[], of = '') =>
  columns.map((name) => of + pg.escapeIdentifier(name)).join(', ');

/** The ledger has no tenant: it is read whole, since the row of an erased event no longer follows from the event. */
export function copyOut(table: string, columns: readonly string[]): string {
  const rows =
    table === 'event_keys'
      ? `event_keys t join events e on e.tenant_id = ${MOVED} and e.id = t.id`
      : `${pg.escapeIdentifier(table)} t where ${tenantOf(table)} = ${MOVED}`;
  return `/* cells.copyOut */ copy (select ${quoted(columns, 't.')} from ${rows}) to stdout`;
}

const tenantOf = (table: string) => (table === 'tenants' ? 't.id' : 't.tenant_id');

/** COPY into a table with row-level security is not possible: rows go by a table of the session. */
export const makeStage = (table: string, columns: readonly string[]): string[] => [
  '/* cells.dropStage */ drop table if exists pg_temp.stage',
  `/* cells.makeStage */ create temp table stage on commit drop as
   select ${quoted(columns)} from ${pg.escapeIdentifier(table)} where false`,
];

export const copyIn = (columns: readonly string[]): string =>
  `/* cells.copyIn */ copy pg_temp.stage (${quoted(columns)}) from stdin`;

/** Rows of another tenant stay behind, and are then missing from the count. */
export function moveIn(table: string, columns: readonly string[]): string {
  const own = table === 'event_keys' ? `join events e on e.tenant_id = ${MOVED} and e.id = t.id` : '';
  const where = table === 'event_keys' ? '' : `where ${tenantOf(table)} = ${MOVED}`;
  return `/* cells.moveIn */
insert into ${pg.escapeIdentifier(table)} (${quoted(columns)}) overriding system value
select ${quoted(columns, 't.')} from pg_temp.stage t ${own} ${where}`;
}

export const EMPTY_STAGE = '/* cells.emptyStage */ truncate pg_temp.stage';

/** Those that PostgreSQL does not compute itself. */
export const LIST_COLUMNS = `/* cells.listColumns */
select c.relname as "table", array_agg(a.attname::text order by a.attnum) as columns
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
where c.relnamespace = 'public'::regnamespace and c.relname = any($1::text[])
group by 1`;

/** Months of the tables that have months. */
export const LIST_MONTHS = `/* cells.listMonths */
select p.relname as "table", replace(right(c.relname, 7), '_', '-') as month
from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
where p.relname = any($1::text[]) and c.relname ~ '_\\d{4}_\\d\\d$' order by 2, 1`;

/** Whether the tenant has rows of the month that begins at $2. */
export const hasRows = (table: string): string => `/* cells.hasRows */
select exists (
  select from ${pg.escapeIdentifier(table)}
  where tenant_id = $1 and id >= uuid7_lower_bound($2) and id < uuid7_lower_bound($2::timestamptz + interval '1 month')
) as found`;

export const ENSURE_MONTH = `/* cells.ensureMonth */ select ensure_partitions($1::timestamptz, 1)`;

/** What is under way for a tenant, and would go on where the tenant is no more. */
export const LIST_UNFINISHED = `/* cells.listUnfinished */
select what, count::int from (
  select 'events to count' as what, sum(event_count) as count from ingest_batches where tenant_id = $1 and status = 'queued'
  union all
  select 'audit entries to seal', count(*) from audit_unsealed where tenant_id = $1
  union all
  select 'audit tree to sign', count(*) from audit_trees where tenant_id = $1 and tree_size > signed_size
  union all
  select 'jobs', count(*) from jobs where tenant_id = $1 and state in ('waiting', 'active')
  union all
  select 'erasures', count(*) from privacy_erasures where tenant_id = $1 and state <> 'completed'
  union all
  select 'archives to write', count(*) from audit_archives where tenant_id = $1 and state = 'writing'
) u where count > 0`;

/** Whether anything was accepted after the snapshot. */
export const FIND_NEWER = `/* cells.findNewer */
select exists (select from ingest_batches where tenant_id = $1 and id > $2)
    or exists (select from audit_entries where tenant_id = $1 and id > $3) as found`;

export const FIND_NEWEST = `/* cells.findNewest */
select coalesce((select id from ingest_batches where tenant_id = $1 order by id desc limit 1), $2) as batch,
       coalesce((select id from audit_entries where tenant_id = $1 order by id desc limit 1), $2) as entry`;

export const FIND_TENANT = '/* cells.findTenant */ select name from tenants where id = $1';

/** Keys of the scope platform open every tenant; none of another installation may. */
export const COUNT_PLATFORM_KEYS = `/* cells.countPlatformKeys */
select count(*)::int as count from api_keys where tenant_id = $1 and 'platform' = any(scopes)`;

export const ACTIVATE = '/* cells.activate */ update tenants set status = $2 where id = $1';

/** The trigger of audit_entries queues what is sealed already; what waited comes with its own table. */
export const UNQUEUE = '/* cells.unqueue */ delete from audit_unsealed where tenant_id = $1';

/** New rows come after those that were brought along. */
export const ADVANCE_POSITIONS = `/* cells.advancePositions */
select setval(pg_get_serial_sequence('functionality_event_types', 'position'),
  greatest((select max(position) from functionality_event_types),
           (select last_value from functionality_event_types_position_seq)))`;

export const ADD_PEPPER = `/* cells.addPepper */
insert into installation_secrets (name, value)
select 'key_pepper/' || encode(sha256($1::bytea), 'hex'), $1::bytea
where not exists (select from installation_secrets where name like 'key_pepper%' and value = $1::bytea)`;

export const FIND_TREE = `/* cells.findTree */
select tree_size::float8 as size, peaks from audit_trees where tenant_id = $1`;

export const LIST_CHECKPOINTS = `/* cells.listCheckpoints */
select tree_size::float8 as size, root_hash as root from audit_checkpoints where tenant_id = $1 order by tree_size`;

export const LIST_LEAVES = `/* cells.listLeaves */
select leaf_index::float8 as index, leaf_hash as hash from audit_leaves
where tenant_id = $1 and leaf_index >= $2 order by leaf_index limit $3`;

/** Entries that are not what their leaf, or the one that waits for its place, says. */
export const COUNT_STRAY_ENTRIES = `/* cells.countStrayEntries */
select count(*)::int as count from audit_entries e
left join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
left join audit_unsealed u on u.tenant_id = e.tenant_id and u.entry_id = e.id
where e.tenant_id = $1 and coalesce(l.leaf_hash, u.leaf_hash) is distinct from sha256('\\x00'::bytea || e.leaf)`;
