import { QUEUE_SCHEMA } from './queue-schema.js';

export const LIST_MIGRATIONS = '/* migrations.list */ select timestamp::text, name from migrations order by timestamp';

export const FIND_NEWEST_MIGRATION = '/* migrations.findNewest */ select name from migrations order by id desc limit 1';

/** Until the connection ends. */
export const LOCK_MIGRATIONS = '/* migrations.lock */ select pg_advisory_lock($1)';

/**
 * The service uses the queue's tables and owns none. BullMQ creates a sequence for each queue's ids when the first job
 * is added; as a security definer, that function creates it for the owner.
 */
export const GRANT_QUEUE = `/* migrations.grantQueue */
alter function ${QUEUE_SCHEMA}.next_job_id(text) security definer;
grant usage on schema ${QUEUE_SCHEMA} to tidemark_system;
grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to tidemark_system;
grant usage, select, update on all sequences in schema ${QUEUE_SCHEMA} to tidemark_system;
grant execute on all functions in schema ${QUEUE_SCHEMA} to tidemark_system`;
