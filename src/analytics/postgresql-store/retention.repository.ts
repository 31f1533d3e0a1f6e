import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { EARLIEST_TIME } from '../../platform/http/field-fault.js';
import { DAY_MS, toIso } from '../../platform/time/time.js';
import type { RetainedUsers } from '../event-store/event-store.js';
import { type Filter, requiredTypes } from '../filters/filter.js';
import { filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';
import { type Effort, scaleUsers } from '../sampling/sample.js';
import { isOfSampledUser, limitTime } from '../sampling/sample-sql.js';

/** More bits than there can be time windows. */
const NO_PERIODS = `repeat('0', 128)::bit(128)`;

/**
 * $2 the instants at which the time windows begin, and the end of the last; $3 and $4 the first and last of them,
 * widened to UTC days. A UTC day has one local midnight, so the first and the last time of a user's day tell in which
 * time windows the user was active.
 *
 * Most users were there before the first time window, and of them nothing but that is read. The time windows of each
 * of the others are one bit string: many users have the same.
 */
const RETENTION = `/* retention.count */
with newcomers as materialized (
  select user_key, width_bucket(min(first_time), $2::timestamptz[]) as cohort
  from user_days where tenant_id = $1 and day < $4 group by 1 having min(first_time) >= ($2::timestamptz[])[1]
), active as (
  select user_key, cohort, bit_or(set_bit(set_bit(${NO_PERIODS}, a, 1), b, 1)) as periods
  from (
    select user_key, cohort, width_bucket(first_time, $2::timestamptz[]) as a,
           width_bucket(last_time, $2::timestamptz[]) as b
    from newcomers join user_days using (user_key) where tenant_id = $1 and day >= $3 and day < $4 offset 0
  ) days group by 1, 2
), alike as (
  select cohort, periods, count(*) as users from active group by 1, 2
)
select cohort, period, sum(users)::float8 as users
from alike cross join generate_series(cohort, cardinality($2) - 1) period
where get_bit(periods, period) = 1
group by 1, 2`;

/**
 * The same from events, of those that fit a filter, as if there were no others: first a row for each user and time
 * window, 0 for all time before. $1 tenant.
 */
const filteredRetention = (bounds: string, condition: string) => `/* retention.countFiltered */
with active as materialized (
  select e.user_id collate "C" as user_key, width_bucket(e.event_time, ${bounds}::timestamptz[]) as period
  from events e where e.user_id is not null and ${condition} group by 1, 2
), seen as (
  select user_key, min(period) as cohort from active group by 1
)
select cohort, period, count(*)::float8 as users from seen join active using (user_key)
where cohort > 0 group by 1, 2`;

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

  /** {@link listRetained} of the events that fit a filter. */
  async listRetainedOf(
    tenantId: string,
    bounds: readonly number[],
    filter: Filter,
    effort: Effort,
  ): Promise<RetainedUsers[]> {
    return this.database.readOnReplica(tenantId, async (sql) => {
      const parameters = new Parameters();
      parameters.add(tenantId);
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter]);
      const ever = { from: EARLIEST_TIME, to: bounds.at(-1) ?? 0 };
      const counted = countedIn(ever, requiredTypes(filter), parameters);
      const sampled = isOfSampledUser(effort.sample, ever, parameters);
      const condition = `${counted} and ${sampled} and ${filters.condition(filter)}`;
      const text = filteredRetention(parameters.add(bounds.map(toIso)), condition);
      await limitTime(sql, effort);
      await sql.query(`set local work_mem = '64MB'`);
      return scaleUsers((await sql.query<RetainedUsers>(text, parameters.values)).rows, effort);
    });
  }
}
