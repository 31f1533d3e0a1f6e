import { IS_WAITING } from '../analytics/rollups/counted-events-sql.js';

export const SERVER_SETTINGS = `/* doctor.serverSettings */
select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('fsync') as fsync, current_setting('full_page_writes') as fpw`;

export const SERVER_CLOCK =
  '/* doctor.serverClock */ select extract(epoch from clock_timestamp())::float8 * 1000 as now';

/** Every table that is partitioned by month, with the months that it has, as `2026_11`. */
export const LIST_PARTITIONS = `/* doctor.listPartitions */
select parent.relname::text as parent,
       array(select right(child.relname::text, 7) from pg_inherits
             join pg_class child on child.oid = inhrelid where inhparent = parent.oid) as months
from pg_partitioned_table partitioned
join pg_class parent on parent.oid = partitioned.partrelid and parent.relnamespace = 'public'::regnamespace
where partitioned.partstrat = 'r' order by 1`;

/** The audit entry that has waited longest for its place in the tree. Its id holds when it was recorded. */
export const OLDEST_UNSEALED = `/* doctor.oldestUnsealed */
select entry_id::text as id from audit_unsealed order by entry_id limit 1`;

export const AGE_OF_OLDEST_BATCH = `/* doctor.ageOfOldestBatch */
select extract(epoch from now() - min(received_at))::float8 as age from ingest_batches where ${IS_WAITING}`;
