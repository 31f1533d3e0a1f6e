import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { upsertDays } from '../rollups/day-counts.js';
import {
  COUNT_GRANULARITIES,
  type CountGranularity,
  type Granularity,
  GRANULARITIES,
  startOfBucket,
} from '../time/granularities.js';
import { lockRollups } from '../rollups/rollup-lock-sql.js';

/**
 * Moves events that were counted as failed over to the processed ones, in the buckets in which they were counted: those
 * of their event_time, and those of the time their batch was processed. Their latency was counted then and stays. Keys
 * are sorted like those of rollups.countEvents, so the two never deadlock. A bucket that retention has dropped is
 * created again, with these events only.
 */
const MOVE_TO_PROCESSED = `/* failedCounts.moveToProcessed */
with ${lockRollups('$1')}, moved as materialized (
  select e.tenant_id, e.client_id, e.event_type, e.user_id, e.session_id, e.event_time, b.processed_at,
         ${startOfBucket('minute', 'e.event_time')} as minute
  from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
  join events e on e.tenant_id = k.tenant_id and e.id = k.id
  join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id
  where (select count(*) from locked) > 0
), ${COUNT_GRANULARITIES.map(moveEvents).join(', ')}
, ${GRANULARITIES.map(moveProcessing).join(', ')}
, ${upsertDays('user', 'moved')}, ${upsertDays('session', 'moved')}
select count(*)::int as moved from moved`;

function moveEvents(granularity: CountGranularity): string {
  const move = (table: string, client: string) => `${table}_${granularity} as (
  insert into ${table}_${granularity} as r (tenant_id, bucket${client}, event_type, count)
  select tenant_id, ${startOfBucket(granularity, 'minute')} as bucket${client}, event_type, count(*)
  from moved group by tenant_id, bucket${client}, event_type order by tenant_id, bucket${client}, event_type
  on conflict (tenant_id, bucket${client}, event_type)
  do update set count = r.count + excluded.count, failed = r.failed - excluded.count
)`;
  return [move('event_rollups', ', client_id'), move('event_totals', '')].join(', ');
}

function moveProcessing(granularity: Granularity): string {
  const move = (table: string, client: string) => `${table}_${granularity} as (
  insert into ${table}_${granularity} as r (tenant_id, bucket${client}, processed, latency_sum_ms, latency_min_ms,
    latency_max_ms, latency_histogram)
  select tenant_id, ${startOfBucket(granularity, 'processed_at')} as bucket${client}, count(*), 0, 0, 0, '{}'
  from moved group by tenant_id, bucket${client} order by tenant_id, bucket${client}
  on conflict (tenant_id, bucket${client})
  do update set processed = r.processed + excluded.processed, failed = r.failed - excluded.processed
)`;
  return [move('processing_rollups', ', client_id'), move('processing_totals', '')].join(', ');
}

@Injectable()
export class FailedCountsRepository {
  /** @param ids of events that the rollups hold as failed */
  async moveToProcessed(sql: Sql, tenantIds: readonly string[], ids: readonly string[]): Promise<void> {
    await sql.query({ name: 'failedCounts.moveToProcessed', text: MOVE_TO_PROCESSED, values: [tenantIds, ids] });
  }
}
