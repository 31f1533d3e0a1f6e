import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { DAY_MS, toIso } from '../../platform/time/time.js';

export interface RetainedUsers {
  /** 1 for the first time window. */
  cohort: number;
  period: number;
  users: number;
}

/**
 * $2 the instants at which the time windows begin, and the end of the last; $3 and $4 the first and last of them,
 * widened to UTC days. A UTC day has one local midnight, so the first and the last time of a user's day tell in which
 * time windows the user was active.
 */
const RETENTION = `/* retention.count */
with seen as (
  select user_key, width_bucket(min(first_time), $2::timestamptz[]) as cohort
  from user_days where tenant_id = $1 and day < $4 group by 1
), activity as (
  select user_key, width_bucket(first_time, $2::timestamptz[]) as period
  from user_days where tenant_id = $1 and day >= $3 and day < $4
  union
  select user_key, width_bucket(last_time, $2::timestamptz[])
  from user_days where tenant_id = $1 and day >= $3 and day < $4
)
select cohort, period, count(*)::float8 as users
from seen join activity using (user_key)
where cohort between 1 and cardinality($2) - 1 and period between cohort and cardinality($2) - 1
group by 1, 2`;

@Injectable()
export class RetentionRepository {
  constructor(private readonly database: Database) {}

  /**
   * Number of users per time window of their first event and time window in which they were active. @param bounds one
   * more than there are time windows
   */
  async listRetained(tenantId: string, bounds: readonly number[]): Promise<RetainedUsers[]> {
    const first = Math.floor((bounds[0] ?? 0) / DAY_MS) * DAY_MS;
    const last = Math.ceil((bounds.at(-1) ?? 0) / DAY_MS) * DAY_MS;
    return this.database.readOnReplica(tenantId, async (sql) => {
      await sql.query(`set local work_mem = '64MB'`);
      const { rows } = await sql.query<RetainedUsers>(RETENTION, [
        tenantId,
        bounds.map(toIso),
        toIso(first),
        toIso(last),
      ]);
      return rows;
    });
  }
}
