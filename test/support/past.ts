import type { TestDatabase } from './database.js';
import { event, type TestPipeline } from './ingest.js';

/** Ids carry the time of recording in their first 12 digits, and a process never makes one from before its last. */
const BACK = (id: string) => `(substr(uuid7_lower_bound($1)::text, 1, 13) || substr(${id}::text, 14))::uuid`;

/** Records events, sets them back to have been recorded at `at`, and counts them as of then. */
export async function recordAt(
  { database, pipeline }: { database: TestDatabase; pipeline: TestPipeline },
  at: Date,
  raws: readonly Record<string, unknown>[],
  tenantId?: string,
): Promise<void> {
  await database.query('select ensure_partitions($1, 1)', [at]);
  const before = pipeline.notified.length;
  const events = raws.map((raw) => event(raw, tenantId));
  await pipeline.writer.write(events[0]!.tenantId, events);
  const batches = pipeline.notified.slice(before);
  const values = [at, batches];
  await database.query(
    `update event_keys set id = ${BACK('id')} where id in (select id from events where batch_id = any($2))`,
    values,
  );
  await database.query(
    `update events set event_time = case when event_time > now() - interval '1 hour' then $1 else event_time end, received_at = $1,
       id = ${BACK('id')}, batch_id = ${BACK('batch_id')} where batch_id = any($2)`,
    values,
  );
  // Ids of two moments, set back to one, are in another order.
  const moved = await database.query<{ id: string }>(
    `with ranges as (
       select batch_id, min(id::text)::uuid as first, max(id::text)::uuid as last from events
       where batch_id in (select ${BACK('b')} from unnest($2::uuid[]) b) group by 1
     )
     update ingest_batches set received_at = $1, id = ${BACK('id')}, first_id = r.first, last_id = r.last
     from ranges r where id = any($2) and r.batch_id = ${BACK('id')} returning id`,
    values,
  );
  await pipeline.processing.process(moved.map(({ id }) => id));
}
