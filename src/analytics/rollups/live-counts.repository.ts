import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { spanArrays } from '../time/buckets.js';
import { startOfBucket } from '../time/granularities.js';
import { coverTime } from '../time/time-cover.js';
import { IS_WAITING, PENDING_EVENTS } from './counted-events-sql.js';

/** Everything that is counted for a tenant at one moment, per client. */
export interface LiveCounts {
  tenant_id: string;
  /** Processed events in the asked range. */
  counts: [clientId: string, eventType: string, count: number][];
  /** Events whose processing ended since the asked day: only differences between two moments mean something. */
  ended: [clientId: string, processed: number, failed: number][];
  /** Latencies of this minute and the one before: bin → number of events. */
  latencies: [clientId: string, histogram: Record<string, number>][];
  pending: number;
  /** Where that was asked for: the clients of those that wait, as far as {@link MAX_ATTRIBUTED}. */
  waiting: [clientId: string, count: number][];
}

/**
 * This many waiting events are attributed to their clients, the oldest first; a batch may hold events of several
 * clients.
 */
const MAX_ATTRIBUTED = 20_000;

const spans = (granularity: string, parameter: number) => `
      select r.client_id, r.event_type, r.count
      from unnest($${parameter}::timestamptz[], $${parameter + 1}::timestamptz[]) as s (from_time, to_time)
      join event_rollups_${granularity} r on r.tenant_id = t.id and r.bucket >= s.from_time and r.bucket < s.to_time`;

/**
 * One statement for all tenants with subscribers, so one snapshot: an event that is counted in it does not wait in it.
 * Tenants that are not active are absent. Every part reads a few ranges of a primary key, however many events there
 * are. Parameters: $1 tenants, then two arrays (from, to) each for days, hours and minutes, $8 the day, $9 the tenants
 * of whom waiting events are attributed to clients.
 */
const LIVE_COUNTS = `/* liveCounts.list */
select t.id as tenant_id, counts.list as counts, ended.list as ended, latencies.list as latencies,
       queued.pending, waiting.list as waiting
from unnest($1::uuid[]) as w (id)
join tenants t on t.id = w.id and t.status = 'active'
cross join lateral (
  select coalesce(json_agg(json_build_array(c.client_id, c.event_type, c.count)), '[]') as list
  from (
    select client_id, event_type, sum(count)::float8 as count
    from (${spans('day', 2)} union all ${spans('hour', 4)} union all ${spans('minute', 6)}
    ) pieces
    group by client_id, event_type having sum(count) > 0
  ) c
) counts
cross join lateral (
  select coalesce(json_agg(json_build_array(e.client_id, e.processed, e.failed)), '[]') as list
  from (
    select client_id, sum(processed)::float8 as processed, sum(failed)::float8 as failed
    from processing_rollups_day where tenant_id = t.id and bucket >= $8 group by client_id
  ) e
) ended
cross join lateral (
  select coalesce(json_agg(json_build_array(client_id, latency_histogram)), '[]') as list
  from processing_rollups_minute
  where tenant_id = t.id and bucket >= ${startOfBucket('minute', 'now()')} - interval '1 minute'
) latencies
cross join lateral (
  select ${PENDING_EVENTS} as pending from ingest_batches where tenant_id = t.id and ${IS_WAITING}
) queued
cross join lateral (
  select coalesce(json_agg(json_build_array(q.client_id, q.count)), '[]') as list
  from (
    select client_id, count(*)::float8 as count from (
      select e.client_id
      from (
        select id, first_id, last_id from ingest_batches
        where tenant_id = t.id and ${IS_WAITING} order by received_at limit ${MAX_ATTRIBUTED}
      ) b
      cross join lateral (
        select client_id, batch_id from events where tenant_id = t.id and id between b.first_id and b.last_id order by id
      ) e
      where e.batch_id = b.id and t.id = any($9::uuid[])
      limit ${MAX_ATTRIBUTED}
    ) rows group by client_id
  ) q
) waiting`;

/** Reads for all tenants at once, so it runs as the system role; the answer is split by tenant only. */
@Injectable()
export class LiveCountsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param range whole minutes
   * @param endedSince start of a UTC day, in milliseconds
   * @param attributed those of the tenants whose waiting events are wanted by client
   */
  async list(
    tenantIds: readonly string[],
    range: TimeRange,
    endedSince: number,
    attributed: readonly string[],
  ): Promise<LiveCounts[]> {
    const cover = coverTime(range);
    const parameters = [cover.day, cover.hour, cover.minute].flatMap(spanArrays);
    // Not prepared: a plan made while the tables are small would be kept, and planning takes 2 ms a second.
    const values = [tenantIds, ...parameters, toIso(endedSince), attributed];
    return (await this.database.system.query<LiveCounts>(LIVE_COUNTS, values)).rows;
  }

  /** Those of `names` that are clients of the tenant: with a key there, or with processed events. */
  async listClients(tenantId: string, names: readonly string[]): Promise<string[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<{ client_id: string }>(
        `/* liveCounts.listClients */
         select wanted.client_id from unnest($2::text[]) as wanted (client_id)
         where exists (select from api_keys k where k.tenant_id = $1 and k.client_id = wanted.client_id)
            or exists (
              select from processing_rollups_day r where r.tenant_id = $1 and r.client_id = wanted.client_id
            )`,
        [tenantId, names],
      );
      return rows.map(({ client_id }) => client_id);
    });
  }
}
