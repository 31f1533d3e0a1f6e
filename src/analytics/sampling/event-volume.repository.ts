import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { startOfBucket } from '../time/granularities.js';

const COUNT = `/* eventVolume.count */
select coalesce(sum(count), 0)::float8 as count from event_rollups_day
where tenant_id = $1 and bucket >= ${startOfBucket('day', '$2')} and bucket < $3
  and ($4::text[] is null or event_type = any($4))`;

/** How many events a question reads, at once: by the days that the range touches. */
@Injectable()
export class EventVolumeRepository {
  constructor(private readonly database: Database) {}

  /** @param types null for all */
  async count(tenantId: string, { from, to }: TimeRange, types: readonly string[] | null): Promise<number> {
    const parameters = [tenantId, toIso(from), toIso(to), types];
    const { rows } = await this.database.readOnReplica(tenantId, (sql) =>
      sql.query<{ count: number }>(COUNT, parameters),
    );
    return rows[0]?.count ?? 0;
  }
}
