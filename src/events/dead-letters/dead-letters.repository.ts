import { Injectable } from '@nestjs/common';
import { printedTime } from '../../platform/database/time-sql.js';
import { Database, type Sql } from '../../platform/database/database.js';
import { DEAD_LETTER_STATES, type DeadLetterState } from './dead-letter.js';

export interface DeadLetterFilter {
  state?: DeadLetterState | undefined;
  event_type?: string | undefined;
  client_id?: string | undefined;
  reason?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export interface DeadLetterRow {
  id: string;
  event_id: string;
  event_type: string;
  client_id: string;
  event_time: string;
  reason: string;
  state: DeadLetterState;
  attempts: number;
  next_retry_at: Date | null;
  failed_at: Date;
  payload: Record<string, unknown>;
  original_payload: Record<string, unknown> | null;
}

const LETTER = `
  e.id, e.event_id, e.event_type, e.client_id, ${printedTime('e.event_time')} as event_time, f.reason, f.state, f.attempts, f.next_retry_at, f.failed_at,
  e.payload, (select p.payload from event_patches p where p.tenant_id = f.tenant_id and p.event_id = f.event_id
              order by p.id limit 1) as original_payload
  from failed_events f join events e on e.tenant_id = f.tenant_id and e.id = f.event_id`;

/** $2 states, then event_type, client_id, part of the reason, from and to of failed_at; each may be null. */
const MATCHES = `
  f.tenant_id = $1 and f.state = any($2::text[])
  and ($3::text is null or e.event_type = $3) and ($4::text is null or e.client_id = $4)
  and ($5::text is null or position(lower($5) in lower(f.reason)) > 0)
  and ($6::timestamptz is null or f.failed_at >= $6) and ($7::timestamptz is null or f.failed_at < $7)`;

/** The dead letters of one tenant, for its users: under row-level security. */
@Injectable()
export class DeadLettersRepository {
  constructor(private readonly database: Database) {}

  /** Up to `limit` dead letters below the id `before`, newest first. */
  async list(tenantId: string, filter: DeadLetterFilter, limit: number, before?: string): Promise<DeadLetterRow[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<DeadLetterRow>(
        `/* deadLetters.list */
         select ${LETTER} where ${MATCHES} and ($8::uuid is null or f.event_id < $8)
         order by f.event_id desc limit $9`,
        [...matching(tenantId, filter), before ?? null, limit],
      );
      return rows;
    });
  }

  /** Ids of up to `limit` dead letters above the id `after`, oldest first. */
  async listIds(tenantId: string, filter: DeadLetterFilter, limit: number, after?: string): Promise<string[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<{ id: string }>(
        `/* deadLetters.listIds */
         select f.event_id as id from failed_events f join events e on e.tenant_id = f.tenant_id and e.id = f.event_id
         where ${MATCHES} and ($8::uuid is null or f.event_id > $8)
         order by f.event_id limit $9`,
        [...matching(tenantId, filter), after ?? null, limit],
      );
      return rows.map((row) => row.id);
    });
  }

  async countByState(sql: Sql, tenantId: string): Promise<Record<DeadLetterState, number>> {
    const { rows } = await sql.query<Record<DeadLetterState, number>>(
      `/* deadLetters.countByState */
       select count(*) filter (where state = 'open')::int as open, count(*) filter (where state = 'dead')::int as dead
       from failed_events where tenant_id = $1 and state <> 'discarded'`,
      [tenantId],
    );
    return rows[0] ?? { open: 0, dead: 0 };
  }

  async find(tenantId: string, id: string): Promise<DeadLetterRow | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<DeadLetterRow>(
        `/* deadLetters.find */
         select ${LETTER} where f.tenant_id = $1 and f.event_id = $2 and f.state <> 'discarded'`,
        [tenantId, id],
      );
      return rows[0] ?? null;
    });
  }

  /**
   * Takes a dead letter off the queue for good; its event stays, as failed.
   * @param alsoIn runs in the transaction of the change
   * @returns whether there was one
   */
  async discard(tenantId: string, id: string, alsoIn: (sql: Sql) => Promise<void>): Promise<boolean> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rowCount } = await sql.query(
        `/* deadLetters.discard */
         update failed_events set state = 'discarded', next_retry_at = null
         where tenant_id = $1 and event_id = $2 and state <> 'discarded'`,
        [tenantId, id],
      );
      if (rowCount !== 1) return false;
      await alsoIn(sql);
      return true;
    });
  }
}

function matching(tenantId: string, filter: DeadLetterFilter): unknown[] {
  return [
    tenantId,
    filter.state === undefined ? DEAD_LETTER_STATES : [filter.state],
    filter.event_type ?? null,
    filter.client_id ?? null,
    filter.reason ?? null,
    filter.from ?? null,
    filter.to ?? null,
  ];
}
