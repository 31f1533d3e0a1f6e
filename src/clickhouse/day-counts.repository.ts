import { Injectable } from '@nestjs/common';
import { IS_FAILED_BY_KEY, IS_WAITING } from '../analytics/rollups/counted-events-sql.js';
import type { Sql } from '../platform/database/database.js';
import { HOUR_MS, type TimeRange, toIso } from '../platform/time/time.js';

/** What both engines must say alike of the events of one tenant, UTC day and type. */
export interface DayCount {
  tenant_id: string;
  day: string;
  event_type: string;
  events: number;
  users: number;
  /** Of their payloads as texts, so that an event with another content is noticed. */
  bytes: number;
}

export interface DayOfType {
  tenantId: string;
  day: string;
  eventType: string;
}

const COUNT = `/* clickhouse.countInPostgres */
select e.tenant_id, to_char(e.event_time at time zone 'UTC', 'YYYY-MM-DD') as day, e.event_type,
  count(*)::float8 as events, count(e.user_id)::float8 as users, sum(octet_length(e.payload::text))::float8 as bytes
from events e
where e.event_time >= $1 and e.event_time < $2 and ($3::uuid is null or e.tenant_id = $3)
  and not exists (select from ingest_batches b where b.tenant_id = e.tenant_id and b.id = e.batch_id and b.${IS_WAITING})
  and not ${IS_FAILED_BY_KEY}
group by 1, 2, 3`;

/** It reads all events of the range, and its best plan depends on the range. */
const SETTINGS = `set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
  set local jit = off; set local plan_cache_mode = force_custom_plan`;

/** PostgreSQL's side of the comparison. */
@Injectable()
export class DayCountsRepository {
  /**
   * From the next statement on, the transaction sees what is committed when it has the lock of the feed, and nothing
   * that comes later: what it has sent of that must be there exactly.
   */
  async freeze(sql: Sql): Promise<void> {
    await sql.query('/* clickhouse.freeze */ set transaction isolation level repeatable read');
    await sql.query('/* clickhouse.lockAll */ lock table clickhouse_feeds in exclusive mode');
    await sql.query(SETTINGS);
  }

  async count(sql: Sql, { from, to }: TimeRange, tenantId: string | null): Promise<DayCount[]> {
    const { rows } = await sql.query<DayCount>({
      text: COUNT,
      values: [toIso(from), toIso(to), tenantId],
      ...{ query_timeout: HOUR_MS },
    });
    return rows;
  }

  /** Ids of up to `limit` events of the day and type after `after`, whether they are counted or not. */
  async listIds(sql: Sql, { tenantId, day, eventType }: DayOfType, after: string, limit: number): Promise<string[]> {
    const { rows } = await sql.query<{ id: string }>(
      `/* clickhouse.listIds */
       select id from events where tenant_id = $1 and event_type = $2 and id > $4
         and event_time >= $3::date::timestamp at time zone 'UTC'
         and event_time < ($3::date + 1)::timestamp at time zone 'UTC'
       order by id limit $5`,
      [tenantId, eventType, day, after, limit],
    );
    return rows.map(({ id }) => id);
  }
}
