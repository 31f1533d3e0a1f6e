import { Injectable } from '@nestjs/common';
import type { CountableBatch } from '../analytics/rollups.repository.js';
import type { Sql } from '../platform/database.js';

/** The dead-letter queue: events that are stored but could not be counted. */
@Injectable()
export class FailedEventsRepository {
  /** The two halves of a batch's events by id, or null when it has but one. */
  async halve<B extends CountableBatch>(sql: Sql, batch: B): Promise<[B, B] | null> {
    const { rows } = await sql.query<{ id: string }>(
      `/* failedEvents.listIds */
       select id from events where tenant_id = $1 and id between $2 and $3 and batch_id = $4 order by id`,
      [batch.tenant_id, batch.first_id, batch.last_id, batch.id],
    );
    if (rows.length < 2) return null;
    const middle = rows.length >> 1;
    return [
      { ...batch, last_id: rows[middle - 1]!.id },
      { ...batch, first_id: rows[middle]!.id },
    ];
  }

  /** Takes the events of `batch` into the queue. */
  async insert(sql: Sql, batch: CountableBatch, reason: string): Promise<void> {
    await sql.query(
      `/* failedEvents.insert */
       insert into failed_events (tenant_id, event_id, reason)
       select tenant_id, id, $5 from events
       where tenant_id = $1 and id between $2 and $3 and batch_id = $4
       on conflict (tenant_id, event_id) do nothing`,
      [batch.tenant_id, batch.first_id, batch.last_id, batch.id, reason.slice(0, 1_000)],
    );
  }
}
