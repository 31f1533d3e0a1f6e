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
  /** Events that were accepted in the last `days`, at most seven. */
  recentEvents: number;
  days: number;
}

/** Hash partitions are added up; those by month stand for themselves. */
const LIST_TABLES = `/* storage.listTables */
select coalesce(parent.relname, c.relname) as "table", month, sum(pg_total_relation_size(c.oid))::float8 as bytes,
       sum(greatest(c.reltuples, s.n_live_tup, 0))::float8 as rows
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class parent on parent.oid = i.inhparent
left join pg_stat_user_tables s on s.relid = c.oid
cross join lateral (select replace(substring(c.relname from '_(\\d{4}_\\d\\d)$'), '_', '-') as month) named
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
group by 1, 2 order by 1, 2`;

/** Batches know how many events they had, and there are far fewer of them. */
const MEASURE = `/* storage.measure */
select pg_database_size(current_database())::float8 as "databaseBytes",
       coalesce(sum(event_count), 0)::float8 as "recentEvents",
       greatest(extract(epoch from now() - min(received_at)) / 86400, 1)::float8 as days
from ingest_batches where id >= uuid7_lower_bound(now() - interval '7 days')`;

export async function measureStorage(sql: Sql): Promise<Measured> {
  const tables = await sql.query<StoredMonth>(LIST_TABLES);
  const { rows } = await sql.query<Omit<Measured, 'tables' | 'days'> & { days: number | null }>(MEASURE);
  const { databaseBytes, recentEvents, days } = rows[0]!; // an aggregate has one row
  return { tables: tables.rows, databaseBytes, recentEvents, days: days ?? 1 };
}
