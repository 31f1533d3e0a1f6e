import { IS_WAITING } from '../analytics/rollups/counted-events-sql.js';

export const SERVER_SETTINGS = `/* doctor.serverSettings */
select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('fsync') as fsync, current_setting('full_page_writes') as fpw`;

export const SERVER_CLOCK =
  '/* doctor.serverClock */ select extract(epoch from clock_timestamp())::float8 * 1000 as now';

/** The tables that lack the partition of the month $1. */
export const LIST_WITHOUT_PARTITION = `/* doctor.listWithoutPartition */
select parent from unnest(array['events', 'ingest_batches', 'api_audit_logs']) as parent
where to_regclass('public.' || parent || '_' || $1) is null`;

export const AGE_OF_OLDEST_BATCH = `/* doctor.ageOfOldestBatch */
select extract(epoch from now() - min(received_at))::float8 as age from ingest_batches where ${IS_WAITING}`;
