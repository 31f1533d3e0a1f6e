import type { Sql } from '../../platform/database/database.js';
import type { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { Effort, Sample, SampledUnit } from './sample.js';

/** Other than those by which PostgreSQL or anybody else hashes. A sample stays the same while it does. */
const SEED = 20_261_126;

/** SQL for the unit of an event `e`. An event without a user is one of its own; one without a session is in none. */
export const UNIT_OF: Record<SampledUnit, string> = {
  user: `coalesce(e.user_id collate "C", e.id::text)`,
  session: 'e.session_id collate "C"',
};

/** SQL condition on events `e`: their unit is in the sample. */
export function isSampled(sample: Sample | undefined, parameters: Parameters): string {
  if (sample === undefined) return 'true';
  const mask = parameters.add(sample.oneIn - 1);
  return `hashtextextended(${UNIT_OF[sample.unit]}, ${SEED}) & ${mask}::bigint = 0`;
}

/**
 * The same for events `e` of users of the tenant $1, where those of nobody do not matter: the users are found by their
 * days, and their events by the index on user and time. So no more events are read than are in the sample.
 */
export function isOfSampledUser(sample: Sample | undefined, { from, to }: TimeRange, parameters: Parameters): string {
  if (sample === undefined) return 'true';
  const [start, end, mask] = [toIso(from), toIso(to), sample.oneIn - 1].map((value) => parameters.add(value));
  return `e.user_id = any(array(
      select distinct user_id from user_days
      where tenant_id = $1 and day > ${start}::timestamptz - interval '1 day' and day < ${end}::timestamptz
        and hashtextextended(user_id collate "C", ${SEED}) & ${mask}::bigint = 0))`;
}

/** SQL for UnitSums and the count of each `key`, or of all, from `parts`: rows with a `unit` and what it adds, `y`. */
export const unitSums = (parts: string, key?: string): string => {
  const [keyed, by] = key === undefined ? ['', ''] : [`${key}, `, ' group by 1'];
  return `select ${keyed}sum(y) as count, count(*)::float8 as units, sum(y * y) as squares
  from (select ${keyed}sum(y) as y from ${parts} group by ${keyed}unit) u${by}`;
};

/** For the statements of this transaction that follow. */
export async function limitTime(sql: Sql, { withinMs }: Effort): Promise<void> {
  if (withinMs === undefined) return;
  await sql.query(`/* sampling.limitTime */ select set_config('statement_timeout', $1, true)`, [String(withinMs)]);
}
