import type { Sql } from '../../platform/database/database.js';

/** What a table takes, or the partition of one month of it. */
export interface StoredMonth {
  table: string;
  /** Null: the table has no months. */
  month: string | null;
  bytes: number;
  /** As PostgreSQL estimates. */
  rows: number;
}

export interface Measured {
  tables: StoredMonth[];
  databaseBytes: number;
  /** Events that were counted in the last `days`: whole days of UTC and the present one, at most eight. */
  recentEvents: number;
  days: number;
}

/** Hash partitions are added up; those by month stand for themselves. One that is dropped meanwhile has no size. */
const LIST_TABLES = `/* storage.listTables */
select coalesce(parent.relname, c.relname) as "table", month, coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes,
       sum(greatest(c.reltuples, s.n_live_tup, 0))::float8 as rows
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class parent on parent.oid = i.inhparent
left join pg_stat_user_tables s on s.relid = c.oid
cross join lateral (select replace(substring(c.relname from '_(\\d{4}_\\d\\d)$'), '_', '-') as month) named
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
group by 1, 2 order by 1, 2`;

/** A few rows of each tenant, however many events and batches there are. */
const MEASURE = `/* storage.measure */
select pg_database_size(current_database())::float8 as "databaseBytes",
       coalesce(sum(recent.events), 0)::float8 as "recentEvents",
       greatest(extract(epoch from now() - min(recent.since)) / 86400, 1)::float8 as days
from tenants t
cross join lateral (
  select sum(processed) as events, min(bucket) as since from processing_totals_day d
  where d.tenant_id = t.id and d.bucket > now() - interval '8 days'
) recent`;

export async function measureStorage(sql: Sql): Promise<Measured> {
  const tables = await sql.query<StoredMonth>(LIST_TABLES);
  const { rows } = await sql.query<Omit<Measured, 'tables' | 'days'> & { days: number | null }>(MEASURE);
  const { databaseBytes, recentEvents, days } = rows[0]!; // an aggregate has one row
  return { tables: tables.rows, databaseBytes, recentEvents, days: days ?? 1 };
}
