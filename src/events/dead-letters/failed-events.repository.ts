import { Inject, Injectable } from '@nestjs/common';
import type { UncountedBatch } from '../../analytics/rollups/rollups.repository.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import type { Sql } from '../../platform/database/database.js';
import { uuid7 } from '../../platform/database/uuid7.js';
import { type DeadLetter, LONGEST_BACKOFF, MAX_ATTEMPTS, storableReason } from './dead-letter.js';

/** An event whose type has a schema that quarantines, as the worker checks it. */
export interface QuarantinedEvent {
  tenant_id: string;
  id: string;
  event_type: string;
  payload: string;
  schema_version: string;
}

/** What the retry needs, for the dead letters that the CTE `dead_letters` has locked. */
const READ_DEAD_LETTERS = `
select l.tenant_id, l.event_id, l.counted, e.event_type, e.batch_id, e.payload::text as payload, s.version as schema_version
from dead_letters l
left join events e on e.tenant_id = l.tenant_id and e.id = l.event_id
left join event_type_schemas s on s.tenant_id = e.tenant_id and s.event_type = e.event_type
order by l.tenant_id, l.event_id`;

const CLAIM = `/* failedEvents.claim */
with dead_letters as materialized (
  select f.tenant_id, f.event_id, f.counted
  from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, event_id)
  join failed_events f on f.tenant_id = k.tenant_id and f.event_id = k.event_id and f.state <> 'discarded'
  for update of f skip locked
) ${READ_DEAD_LETTERS}`;

/** Waits for a transaction that holds the dead letter. */
const CLAIM_ONE = `/* failedEvents.claimOne */
with dead_letters as materialized (
  select tenant_id, event_id, counted from failed_events
  where tenant_id = $1 and event_id = $2 and state <> 'discarded' for update
) ${READ_DEAD_LETTERS}`;

const CLAIM_DUE = `/* failedEvents.claimDue */
with dead_letters as materialized (
  select tenant_id, event_id, counted from failed_events
  where state = 'open' and next_retry_at <= now()
  order by next_retry_at limit $1 for update skip locked
) ${READ_DEAD_LETTERS}`;

/**
 * The dead-letter queue, as the worker fills and empties it. A row lock is the claim: PostgreSQL releases it when its
 * worker is killed.
 */
@Injectable()
export class FailedEventsRepository {
  private readonly baseSeconds: number;

  constructor(@Inject(CONFIG) config: Config) {
    this.baseSeconds = config.FAILED_RETRY_SECONDS;
  }

  /** The two halves of a batch's events by id, or null when it has only one. */
  async halve<B extends UncountedBatch>(sql: Sql, batch: B): Promise<[B, B] | null> {
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

  /** Makes dead letters of the events of `batch`, which could not be counted. */
  async insertUncounted(sql: Sql, batch: UncountedBatch, reason: string): Promise<void> {
    await sql.query(
      `/* failedEvents.insertUncounted */
       insert into failed_events (tenant_id, event_id, reason, counted, next_retry_at)
       select tenant_id, id, $5, false, now() + random() * make_interval(secs => $6) from events
       where tenant_id = $1 and id between $2 and $3 and batch_id = $4
       on conflict (tenant_id, event_id) do update set counted = false`,
      [batch.tenant_id, batch.first_id, batch.last_id, batch.id, storableReason(reason), this.baseSeconds],
    );
  }

  /** Makes dead letters of events that their batch will count as failed. */
  async insert(sql: Sql, events: readonly QuarantinedEvent[], reasons: readonly string[]): Promise<void> {
    await sql.query(
      `/* failedEvents.insert */
       insert into failed_events (tenant_id, event_id, reason, next_retry_at)
       select tenant_id, id, reason, now() + random() * make_interval(secs => $4)
       from unnest($1::uuid[], $2::uuid[], $3::text[]) as f (tenant_id, id, reason)
       on conflict (tenant_id, event_id) do nothing`,
      [
        events.map((event) => event.tenant_id),
        events.map((event) => event.id),
        reasons.map(storableReason),
        this.baseSeconds,
      ],
    );
  }

  /** Events of these batches whose type has a schema that quarantines. */
  async listQuarantined(sql: Sql, batches: readonly UncountedBatch[]): Promise<QuarantinedEvent[]> {
    const { rows } = await sql.query<QuarantinedEvent>({
      name: 'failedEvents.listQuarantined',
      text: `/* failedEvents.listQuarantined */
        select e.tenant_id, e.id, e.event_type, e.payload::text as payload, s.version as schema_version
        from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as b (id, tenant_id, first_id, last_id)
        cross join lateral (
          select tenant_id, id, event_type, payload from events
          where tenant_id = b.tenant_id and id between b.first_id and b.last_id and batch_id = b.id
          order by id
        ) e
        join event_type_schemas s on s.tenant_id = e.tenant_id and s.event_type = e.event_type and s.mode = 'quarantine'`,
      values: [
        batches.map((batch) => batch.id),
        batches.map((batch) => batch.tenant_id),
        batches.map((batch) => batch.first_id),
        batches.map((batch) => batch.last_id),
      ],
    });
    return rows;
  }

  /** Locks those of the dead letters that still exist; what another transaction holds is skipped. */
  async claim(sql: Sql, tenantIds: readonly string[], eventIds: readonly string[]): Promise<DeadLetter[]> {
    const { rows } = await sql.query<DeadLetter>(CLAIM, [tenantIds, eventIds]);
    return this.withEvent(sql, rows);
  }

  async claimOne(sql: Sql, tenantId: string, eventId: string): Promise<DeadLetter[]> {
    const { rows } = await sql.query<DeadLetter>(CLAIM_ONE, [tenantId, eventId]);
    return this.withEvent(sql, rows);
  }

  /** Locks the dead letters that have been due longest. */
  async claimDue(sql: Sql, limit: number): Promise<DeadLetter[]> {
    const { rows } = await sql.query<DeadLetter>(CLAIM_DUE, [limit]);
    return this.withEvent(sql, rows);
  }

  /** Replaces the payload of the event by `payload`, and keeps the old one. */
  async patch(
    sql: Sql,
    deadLetter: DeadLetter,
    payload: string,
    by: { clientId: string; keyId: string | null },
  ): Promise<void> {
    await sql.query(
      `/* failedEvents.patch */
       with kept as (
         insert into event_patches (tenant_id, event_id, id, client_id, key_id, payload)
         select tenant_id, id, $3, $4, $5, payload from events where tenant_id = $1 and id = $2
       )
       update events set payload = $6::jsonb where tenant_id = $1 and id = $2`,
      [deadLetter.tenant_id, deadLetter.event_id, uuid7(), by.clientId, by.keyId, payload],
    );
  }

  /** The events of these dead letters count from now on. */
  async resolve(sql: Sql, deadLetters: readonly DeadLetter[]): Promise<void> {
    await sql.query(
      `/* failedEvents.resolve */
       delete from failed_events f using unnest($1::uuid[], $2::uuid[]) as k (tenant_id, event_id)
       where f.tenant_id = k.tenant_id and f.event_id = k.event_id`,
      keysOf(deadLetters),
    );
  }

  /**
   * Records that a retry failed and delays the next one: by a random part of a time that doubles with each try, up to
   * six hours, so that dead letters which failed together are not retried together. All by the clock of the database.
   */
  async recordFailure(sql: Sql, deadLetters: readonly DeadLetter[], reasons: readonly string[]): Promise<void> {
    await sql.query(
      `/* failedEvents.recordFailure */
       update failed_events f set reason = k.reason, attempts = least(f.attempts + 1, 1000),
         state = case when f.attempts + 1 >= ${MAX_ATTEMPTS} then 'dead' else f.state end,
         next_retry_at = case when f.state = 'open' and f.attempts + 1 < ${MAX_ATTEMPTS}
           then now() + random() * least(interval '${LONGEST_BACKOFF}', make_interval(secs => $4) * 2 ^ f.attempts) end
       from unnest($1::uuid[], $2::uuid[], $3::text[]) as k (tenant_id, event_id, reason)
       where f.tenant_id = k.tenant_id and f.event_id = k.event_id`,
      [...keysOf(deadLetters), reasons.map(storableReason), this.baseSeconds],
    );
  }

  /** Deletes dead letters whose event retention has removed, too. */
  private async withEvent(sql: Sql, deadLetters: (DeadLetter & { batch_id: string | null })[]): Promise<DeadLetter[]> {
    const orphans = deadLetters.filter((deadLetter) => deadLetter.batch_id === null);
    if (orphans.length > 0) await this.resolve(sql, orphans);
    return deadLetters.filter((deadLetter) => deadLetter.batch_id !== null);
  }
}

function keysOf(deadLetters: readonly DeadLetter[]): [tenantIds: string[], eventIds: string[]] {
  return [deadLetters.map((deadLetter) => deadLetter.tenant_id), deadLetters.map((deadLetter) => deadLetter.event_id)];
}
