import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database.js';
import { toIso } from '../platform/query.dto.js';
import type { TimeRange } from '../platform/time.js';
import { tile } from './time-tiles.js';

export interface EventCount {
  client_id: string;
  event_type: string;
  count: number;
}

/** From which instants to which a piece of the range goes, as two parallel arrays. */
type Spans = [from: string[], to: string[]];

/**
 * Counts per client and type. Whole days, hours and minutes come from the rollups; the seconds at the edges come from
 * the rows, found through the types that the minute rollups show there. One statement, so one snapshot.
 * Parameters: $1 tenant, $2 client or null, then two arrays (from, to) each for days, hours, minutes and rows.
 */
const COUNT_BY_CLIENT_AND_TYPE = `/* eventCounts.byClientAndType */
with tiles as (
  ${rollupTiles('day', 3)} union all ${rollupTiles('hour', 5)} union all ${rollupTiles('minute', 7)}
), edge_types as materialized (
  select distinct s.from_time, s.to_time, r.event_type
  from unnest($9::timestamptz[], $10::timestamptz[]) as s (from_time, to_time)
  join event_rollups_minute r on r.tenant_id = $1
   and r.bucket = date_bin('1 minute', s.from_time, timestamptz '1970-01-01 00:00Z')
   and ($2::text is null or r.client_id = $2)
), edges as (
  select e.client_id, e.event_type, 1 as count
  from edge_types t
  join events e on e.tenant_id = $1 and e.event_type = t.event_type
   and e.event_time >= t.from_time and e.event_time < t.to_time
   and ($2::text is null or e.client_id = $2)
  join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
  where not exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id)
)
select client_id, event_type, sum(count)::float8 as count
from (select * from tiles union all select * from edges) pieces
group by client_id, event_type having sum(count) > 0
order by 3 desc, event_type, client_id`;

function rollupTiles(grain: string, parameter: number): string {
  return `select r.client_id, r.event_type, r.count
  from unnest($${parameter}::timestamptz[], $${parameter + 1}::timestamptz[]) as s (from_time, to_time)
  join event_rollups_${grain} r on r.tenant_id = $1 and r.bucket >= s.from_time and r.bucket < s.to_time
   and ($2::text is null or r.client_id = $2)`;
}

@Injectable()
export class EventCountsRepository {
  constructor(private readonly database: Database) {}

  /** Processed events per client and type whose event_time lies in `range`, most frequent first. */
  async listByClientAndType(tenantId: string, range: TimeRange, clientId?: string): Promise<EventCount[]> {
    const tiles = tile(range);
    const parameters = [tiles.day, tiles.hour, tiles.minute, tiles.rows].flatMap(spans);
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<{ client_id: string; event_type: string; count: number }>(
        COUNT_BY_CLIENT_AND_TYPE,
        [tenantId, clientId ?? null, ...parameters],
      );
      return rows;
    });
  }
}

function spans(ranges: TimeRange[]): Spans {
  return [ranges.map((range) => toIso(range.from)), ranges.map((range) => toIso(range.to))];
}
