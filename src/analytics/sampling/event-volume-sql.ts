import type { Sql } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { startOfBucket } from '../time/granularities.js';

/**
 * How many events a question reads, at once: by the days that the range touches.
 * @param types null for all
 */
export async function countEventVolume(
  sql: Sql,
  tenantId: string,
  { from, to }: TimeRange,
  types: readonly string[] | null,
): Promise<number> {
  const { rows } = await sql.query<{ count: number }>(
    `/* sampling.countEventVolume */
     select coalesce(sum(count), 0)::float8 as count from event_rollups_day
     where tenant_id = $1 and bucket >= ${startOfBucket('day', '$2')} and bucket < $3
       ${types === null ? '' : 'and event_type = any($4::text[])'}`,
    [tenantId, toIso(from), toIso(to), ...(types === null ? [] : [types])],
  );
  return rows[0]?.count ?? 0;
}
