import { Injectable } from '@nestjs/common';
import type { UncountedBatch } from '../../analytics/rollups/rollups.repository.js';
import type { Sql } from '../../platform/database/database.js';
import { IS_WAITING, PENDING_EVENTS } from '../../analytics/rollups/counted-events-sql.js';

export interface QueuedBatch extends UncountedBatch {
  event_count: number;
  attempts: number;
  /** Whether its tenant has a schema that quarantines. */
  quarantines: boolean;
}

/**
 * ingest_batches is the queue; a BullMQ job only notifies. A row lock is the claim: PostgreSQL releases it when its
 * worker is killed.
 */
@Injectable()
export class BatchesRepository {
  /** Locks those of `ids` that still wait; what another worker holds is skipped. */
  async claim(sql: Sql, ids: readonly string[]): Promise<QueuedBatch[]> {
    const { rows } = await sql.query<QueuedBatch>({
      name: 'batches.claim',
      text: `/* batches.claim */
        select id, tenant_id, first_id, last_id, event_count, attempts,
          exists (select from event_type_schemas s where s.tenant_id = b.tenant_id and s.mode = 'quarantine') as quarantines
        from ingest_batches b
        where id = any($1::uuid[]) and ${IS_WAITING} order by id for update skip locked`,
      values: [ids],
    });
    return rows;
  }

  async markProcessed(sql: Sql, ids: readonly string[]): Promise<void> {
    await sql.query({
      name: 'batches.markProcessed',
      text: `/* batches.markProcessed */
        update ingest_batches set status = 'processed', processed_at = now(), error = null
        where id = any($1::uuid[]) and ${IS_WAITING}`,
      values: [ids],
    });
  }

  /** Records that processing failed, and delays the next try: 2 s, 4 s, 8 s … at most 5 minutes. */
  async recordFailure(sql: Sql, ids: readonly string[], error: string): Promise<void> {
    await sql.query(
      `/* batches.recordFailure */
       update ingest_batches set attempts = least(attempts + 1, 1000), error = $2,
         next_attempt_at = now() + least(interval '5 minutes', interval '1 second' * 2 ^ least(attempts + 1, 10))
       where id = any($1::uuid[]) and ${IS_WAITING}`,
      [ids, error],
    );
  }

  /** Oldest batches that wait longer than their job should have taken, and are due. */
  async listOverdue(sql: Sql, ageSeconds: number, limit: number): Promise<string[]> {
    const { rows } = await sql.query<{ id: string }>(
      `/* batches.listOverdue */
       select id from ingest_batches
       where ${IS_WAITING} and received_at < now() - make_interval(secs => $1)
         and (next_attempt_at is null or next_attempt_at <= now())
       order by id limit $2`,
      [ageSeconds, limit],
    );
    return rows.map((row) => row.id);
  }

  /** The tenant's events that wait, and the age of the oldest in seconds. */
  async getPending(sql: Sql, tenantId: string): Promise<{ events: number; oldestAgeSeconds: number }> {
    const { rows } = await sql.query<{ events: number; age: number }>(
      `/* batches.pending */
       select ${PENDING_EVENTS} as events,
              coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0)::float8 as age
       from ingest_batches where tenant_id = $1 and ${IS_WAITING}`,
      [tenantId],
    );
    return { events: rows[0]?.events ?? 0, oldestAgeSeconds: Math.max(0, rows[0]?.age ?? 0) };
  }
}
