import { ENTRY_IS_FREE } from '../preservation/hold-sql.js';

/** Written anew by nobody else as long as this runs; a page takes far less. */
export const LEASE = `clock_timestamp() + interval '2 minutes'`;

/** Rows of audit_archives as the code knows them. */
export const COLUMNS = `a.tenant_id as "tenantId", a.id, to_char(a.month, 'YYYY-MM') as month, a.state, a.file,
  a.first_id as "firstId", a.last_id as "lastId", a.entries, a.leaves::text as leaves,
  a.occurred_from as "occurredFrom", a.occurred_to as "occurredTo", a.tree_size::float8 as "treeSize",
  a.root_hash as "rootHash", a.sha256, a.bytes::float8 as bytes, a.created_at as "createdAt"`;

/** True of an entry e with the leaf l that a stored archive holds. */
const IS_ARCHIVED = `exists (select from audit_archives a where a.tenant_id = e.tenant_id and a.state = 'stored'
  and a.first_id <= e.id and a.last_id >= e.id and a.leaves @> l.leaf_index)`;

/**
 * The oldest entries that no archive holds and no legal hold keeps. Those that wait for their leaf or its signature
 * come later.
 */
export const FIND_UNARCHIVED = `/* archives.findUnarchived */
select e.id, l.leaf_index::float8 as "leafIndex"
from audit_entries e join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
where e.tenant_id = $1 and e.id < uuid7_lower_bound($2) and e.created_at < $2 and e.restored_until is null
  and l.leaf_index < (select signed_size from audit_trees where tenant_id = $1) and not ${IS_ARCHIVED}
  and ${ENTRY_IS_FREE}
order by e.id limit $3`;

export const BEGIN = `/* archives.begin */
insert into audit_archives (tenant_id, id, month, file, first_id, last_id, leaves, entries, leased_until)
values ($1, $2, $3, $4, $5, $6, $7::text::int8multirange, $8, ${LEASE})
on conflict (tenant_id) where state = 'writing' do nothing`;

export const RENEW = `/* archives.renew */ update audit_archives set leased_until = ${LEASE}
where tenant_id = $1 and id = $2 and state = 'writing'`;

/** Nothing that another archive holds already. */
export const STORE = `/* archives.store */
update audit_archives a
set state = 'stored', leased_until = null, occurred_from = $3, occurred_to = $4, tree_size = $5, root_hash = $6,
    sha256 = $7, bytes = $8
where a.tenant_id = $1 and a.id = $2 and a.state = 'writing' and not exists (
  select from audit_archives b where b.tenant_id = $1 and b.state = 'stored' and b.leaves && a.leaves)
returning ${COLUMNS}`;

export const REPLACE = `/* archives.replace */ update audit_archives set state = 'obsolete'
where tenant_id = $1 and id = $2 and state = 'stored'`;

/** Files of killed writers, and those that were rewritten. */
export const LIST_LEFT_OVER = `/* archives.listLeftOver */
select ${COLUMNS} from audit_archives a
where tenant_id = $1 and (state = 'obsolete' or (state = 'writing' and leased_until < clock_timestamp()))`;

export const FORGET = '/* archives.forget */ delete from audit_archives where tenant_id = $1 and id = $2';

/** Of which entries are in the table that may go. */
export const LIST_PRESENT = `/* archives.listPresent */
select ${COLUMNS} from audit_archives a
where a.tenant_id = $1 and a.state = 'stored' and a.first_id < uuid7_lower_bound($2) and exists (
  select from audit_entries e join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
  where e.tenant_id = a.tenant_id and e.id >= a.first_id and e.id <= a.last_id and a.leaves @> l.leaf_index
    and (e.restored_until is null or e.restored_until <= now()))
order by a.first_id`;

/** Of which an entry lost something to an erasure that came later; $2: only this one, or null. */
export const LIST_OUTDATED = `/* archives.listOutdated */
select ${COLUMNS} from audit_archives a
where a.tenant_id = $1 and ($2::uuid is null or a.id = $2) and a.state = 'stored' and exists (
  select from audit_entries e join audit_leaves l on l.tenant_id = e.tenant_id and l.entry_id = e.id
  where e.tenant_id = a.tenant_id and e.id >= a.first_id and e.id <= a.last_id and a.leaves @> l.leaf_index
    and e.erasures[cardinality(e.erasures)] >= a.tree_size)
order by a.first_id`;

/** A pruning of what the archive $3, with the ids from $4 to $5, holds as it is now. */
export const IS_IN_ARCHIVE = `id >= $4 and id <= $5 and (restored_until is null or restored_until <= now())
  and exists (
    select from audit_archives a join audit_leaves l on l.tenant_id = a.tenant_id and l.entry_id = audit_entries.id
    where a.tenant_id = $1 and a.id = $3 and a.state = 'stored' and a.leaves @> l.leaf_index
      and coalesce(audit_entries.erasures[cardinality(audit_entries.erasures)] < a.tree_size, true))`;

export const LIST = `/* archives.list */
select ${COLUMNS} from audit_archives a
where a.tenant_id = $1 and a.state = 'stored' and ($2::uuid is null or a.id < $2)
order by a.id desc limit $3`;

/** With entries that happened in a range of time. */
export const LIST_OVERLAPPING = `/* archives.listOverlapping */
select ${COLUMNS} from audit_archives a
where a.tenant_id = $1 and a.state = 'stored' and a.occurred_from < $3 and a.occurred_to >= $2
order by a.first_id desc`;

export const FIND_BY_HASH = `/* archives.findByHash */
select ${COLUMNS} from audit_archives a where a.state = 'stored' and a.sha256 = $1`;

/** By its name in the store, or by the end of a path that holds it. */
export const FIND_BY_NAME = `/* archives.findByName */
select ${COLUMNS} from audit_archives a where a.state = 'stored' and (a.file = $1 or right($1, length(a.file) + 1) = '/' || a.file)
limit 1`;

/** Keeps it from being replaced until the transaction ends. */
export const HOLD = `/* archives.hold */ select from audit_archives
where tenant_id = $1 and id = $2 and state = 'stored' for share`;

const ENTRY_COLUMNS = `tenant_id, id, source, client_id, key_id, action_type, resource_type, resource_id, severity, status,
  user_id, session_id, ip_address, user_agent, message, before_state, after_state, metadata, functionality, event_type,
  store_id, company_id, idempotency_key, occurred_at, created_at, leaf, salts, erased_at, erased_fields,
  redacted_fields, erasures`;

/** Entries whose leaf is in the tree, and no others. */
export const RESTORE = `/* archives.restore */
with proven as materialized (
  select r.* from jsonb_populate_recordset(null::audit_entries, $2::jsonb) r
  join audit_leaves l on l.tenant_id = $1 and l.entry_id = r.id and l.leaf_hash = sha256('\\x00'::bytea || r.leaf)
  where r.tenant_id = $1
), restored as (
  insert into audit_entries (${ENTRY_COLUMNS}, restored_until)
  select ${ENTRY_COLUMNS}, $3::timestamptz from proven on conflict (tenant_id, id) do nothing
  returning id)
select (select count(*)::int from proven) as proven, array(select id from restored) as restored`;

/** They have their leaf already. */
export const UNQUEUE = `/* archives.unqueue */
delete from audit_unsealed where tenant_id = $1 and entry_id = any($2::uuid[])`;

export const ENSURE_PARTITION = `/* archives.ensurePartition */
select case when to_regclass('public.audit_entries_' || to_char($1::timestamptz at time zone 'UTC', 'YYYY_MM')) is null
  then ensure_partitions($1::timestamptz, 1) end`;

export const FIND_THERE = `/* archives.findThere */
select id from audit_entries where tenant_id = $1 and id = any($2::uuid[])`;
