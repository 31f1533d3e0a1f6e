import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { DAY_MS, type TimeRange, toIso } from '../../platform/time/time.js';
import { IS_COUNTED } from '../rollups/counted-events-sql.js';

export type Subject = 'user' | 'session';

export interface DistinctCount {
  count: number;
  /** Keys below it were counted; null where all were. */
  bound: string | null;
  /** sketch: estimated from a sample; see {@link ActiveSubjectsRepository.countDistinct}. */
  method: 'exact' | 'sketch';
}

export interface TopUser {
  user_id: string;
  count: number;
}

/** This many of the least keys of each day are read; where no day has more, all are. A standard error of 1.8 %. */
const MOST_PER_DAY = 3_000;
/** Of all days of a long range together: 31 days have 2,580 each, a standard error of 2 %. */
const MOST_KEYS = 80_000;
const LEAST_PER_DAY = 256;
const TOP_CANDIDATES = 200;
/** Greatest hash: not the key of any user in practice. */
const LAST_KEY = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Whether a user of a day was active within the range. Unknown only for users with events both before and after the
 * range on that day.
 */
const IN_RANGE = {
  user: `d.last_time >= $2 and d.first_time < $3 and (d.first_time >= $2 or d.last_time < $3 or exists (
      select from events e where e.tenant_id = $1 and e.user_id = d.user_id and e.event_time >= $2 and e.event_time < $3
        and ${IS_COUNTED}))`,
  session: `d.last_time >= $2 and d.first_time < $3 and (d.first_time >= $2 or d.last_time < $3 or d.session_key in (
      select subject_key(e.session_id) from events e
      where e.tenant_id = $1 and e.event_time >= $2 and e.event_time < $3 and e.session_id is not null
        and e.event_type in (select event_type from event_rollups_day where tenant_id = $1 and bucket = $4) and ${IS_COUNTED}))`,
};

/** Parameters of all statements: $1 tenant, $2 from, $3 to, $4 and $5 the same widened to whole UTC days. */
const DAYS = `select distinct bucket as day from event_totals_day where tenant_id = $1 and bucket >= $4 and bucket < $5`;

/**
 * Here and below, `offset 0` has each day read by its key. A planner that is free to join all of them at once reads the
 * days out of the range, too.
 *
 * Distinct keys below `bound`: where a day has more than $6, its $6 least ones are read, and the least of the first
 * keys beyond is the bound for all days. Of days that lie wholly in the range only the primary key is read; for the
 * others the times tell who was in the range.
 */
const countDistinct = (subject: Subject) => `/* activeSubjects.countDistinct ${subject} */
with days as materialized (
  select day, day >= $2 and day + interval '1 day' <= $3 as whole from (${DAYS}) d
), bound as materialized (
  select key from days cross join lateral (
    select ${subject}_key as key from ${subject}_days where tenant_id = $1 and day = days.day
    order by ${subject}_key offset $6::int limit 1
  ) beyond order by key limit 1
), below as materialized (
  select coalesce((select key from bound), '${LAST_KEY}') as key
)
select count(distinct key)::float8 as count, (select key from bound) as bound from (
  select active.key from (select day from days where whole) d cross join lateral (
    select ${subject}_key as key from ${subject}_days
    where tenant_id = $1 and day = d.day and ${subject}_key < (select key from below) offset 0
  ) active
  union all
  select ${subject}_key from (select day from days where not whole) e cross join lateral (
    select * from ${subject}_days
    where tenant_id = $1 and day = e.day and ${subject}_key < (select key from below) offset 0
  ) d where ${IN_RANGE[subject]}
) active`;

/**
 * Events of known users per user, over the users with keys below $6: all of them, or those that {@link countDistinct}
 * estimated their number from.
 */
const EVENTS_PER_USER = `/* activeSubjects.eventsPerUser */
with days as materialized (
  select day, day >= $2 and day + interval '1 day' <= $3 as whole from (${DAYS}) d
)
select coalesce(sum(count) / nullif(count(distinct key), 0), 0)::float8 as events_per_user from (
  select active.user_key as key, active.count from (select day from days where whole) d cross join lateral (
    select user_key, count from user_days where tenant_id = $1 and day = d.day and user_key < $6 offset 0
  ) active
  union all
  select d.user_key, case when d.first_time >= $2 and d.last_time < $3 then d.count else (
    select count(*) from (
      select tenant_id, id, batch_id from events
      where tenant_id = $1 and user_id = d.user_id and event_time >= greatest($2, d.day)
        and event_time < least($3, d.day + interval '1 day') offset 0
    ) e where ${IS_COUNTED}) end
  from (select day from days where not whole) e cross join lateral (
    select * from user_days where tenant_id = $1 and day = e.day and user_key < $6 offset 0
  ) d where d.last_time >= $2 and d.first_time < $3
) active where count > 0`;

/** Users who were among the busiest on any day: their totals are exact, but users who never were are missed. */
const BUSIEST = `days as materialized (${DAYS}), busiest as materialized (
  select user_key from days cross join lateral (
    select user_key, busy from user_days where tenant_id = $1 and day = days.day and busy > 0 order by busy desc limit 50
  ) d group by user_key order by sum(busy) desc, user_key limit 500
)`;

const DAYS_OF_BUSIEST = `busiest cross join days cross join lateral (
  select * from user_days where tenant_id = $1 and day = days.day and user_key = busiest.user_key offset 0) d`;

/**
 * Days that lie only partly in the range are counted from the events ($6, $7: those parts), and only for the likeliest
 * users: the count of the whole day shows that others cannot be among the first $8, unless there are too many (`cut`).
 */
const topUsers = (candidates: 'all' | 'busiest') => `/* activeSubjects.topUsers ${candidates} */
with ${candidates === 'all' ? '' : `${BUSIEST},`} totals as materialized (
  select d.user_id, sum(d.count) as upper,
         coalesce(sum(d.count) filter (where d.first_time >= $2 and d.last_time < $3), 0) as lower,
         coalesce(sum(d.count) filter (where d.day >= $2 and d.day + interval '1 day' <= $3), 0) as whole
  from ${candidates === 'all' ? 'user_days d' : DAYS_OF_BUSIEST}
  where d.tenant_id = $1 and d.day >= $4 and d.day < $5 and d.last_time >= $2 and d.first_time < $3
  group by d.user_id
), bar as (
  select lower from totals order by lower desc offset $8::int - 1 limit 1
), possible as materialized (
  select * from totals where upper >= coalesce((select lower from bar), 0)
), chosen as (
  select * from possible order by upper desc, user_id collate "C" limit ${TOP_CANDIDATES}
), counted as materialized (
  select c.user_id, c.whole + (
    select coalesce(sum(edge.count), 0) from unnest($6::timestamptz[], $7::timestamptz[]) as s (from_time, to_time)
    cross join lateral (
      select count(*) from (
        select tenant_id, id, batch_id from events
        where tenant_id = $1 and user_id = c.user_id and event_time >= s.from_time and event_time < s.to_time offset 0
      ) e where ${IS_COUNTED}
    ) edge) as count
  from chosen c
)
select user_id, count::float8 as count, (select count(*) > ${TOP_CANDIDATES} from possible) as cut from counted where count > 0 order by count desc, user_id collate "C" limit $8`;

const SAMPLE_USERS = `/* activeSubjects.sampleUsers */
with days as materialized (${DAYS}), seen as materialized (
  select d.* from days cross join lateral (
    select * from user_days where tenant_id = $1 and day = days.day order by user_key limit $6
  ) d
), least as (
  select distinct user_key from seen order by 1 limit $6
)
select distinct user_id from seen d join least using (user_key) where ${IN_RANGE.user}`;

/** Distinct users and sessions, and the busiest users, of any range: from one row per day and user or session. */
@Injectable()
export class ActiveSubjectsRepository {
  /**
   * How many were active in the range. Exact where no day has more than {@link MOST_PER_DAY}; beyond, estimated from
   * those whose hashed ids are least: a uniform sample, the same on each day. The standard error is 1 / √(size of the
   * sample): at most 2 % up to a month, at most 6 % for years, and less the more users differ from day to day.
   */
  async countDistinct(sql: Sql, subject: Subject, tenantId: string, range: TimeRange): Promise<DistinctCount> {
    const days = wholeDays(range);
    const perDay = Math.floor((MOST_KEYS * DAY_MS) / (days.to - days.from));
    const { rows } = await sql.query<{ count: number; bound: string | null }>(countDistinct(subject), [
      tenantId,
      ...isoRange(range),
      ...isoRange(days),
      Math.max(LEAST_PER_DAY, Math.min(perDay, MOST_PER_DAY)),
    ]);
    const { count = 0, bound = null } = rows[0] ?? {};
    if (bound === null) return { count, bound, method: 'exact' };
    return { count: Math.round(count / shareBelow(bound)), bound, method: 'sketch' };
  }

  /** Events without a user count for nobody. @param bound of the users that were counted: see {@link DistinctCount} */
  async eventsPerUser(sql: Sql, tenantId: string, range: TimeRange, bound: string | null): Promise<number> {
    const { rows } = await sql.query<{ events_per_user: number }>(EVENTS_PER_USER, [
      tenantId,
      ...isoRange(range),
      ...isoRange(wholeDays(range)),
      bound ?? LAST_KEY,
    ]);
    return rows[0]?.events_per_user ?? 0;
  }

  /**
   * Busiest first. Their counts are always exact; with `many` users only those are compared who were among the busiest
   * of a day, so some may be missed (candidates).
   */
  async listTopUsers(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { limit, many }: { limit: number; many: boolean },
  ): Promise<{ users: TopUser[]; method: 'exact' | 'candidates' }> {
    const edges = partialDays(range);
    const parameters = [
      tenantId,
      ...isoRange(range),
      ...isoRange(wholeDays(range)),
      edges.map(({ from }) => toIso(from)),
      edges.map(({ to }) => toIso(to)),
      limit,
    ];
    const list = async (candidates: 'all' | 'busiest') =>
      (await sql.query<TopUser & { cut: boolean }>(topUsers(candidates), parameters)).rows;
    const busiest = many ? await list('busiest') : [];
    const exact = busiest.length < limit;
    const rows = exact ? await list('all') : busiest;
    return {
      users: rows.map(({ user_id, count }) => ({ user_id, count })),
      method: exact && rows[0]?.cut !== true ? 'exact' : 'candidates',
    };
  }

  /**
   * Users active in the range, among the `size` with the least hashed ids of its days: a choice that does not depend on
   * what they did.
   */
  async sampleUsers(sql: Sql, tenantId: string, range: TimeRange, size: number): Promise<string[]> {
    const { rows } = await sql.query<{ user_id: string }>(SAMPLE_USERS, [
      tenantId,
      ...isoRange(range),
      ...isoRange(wholeDays(range)),
      size,
    ]);
    return rows.map((row) => row.user_id);
  }
}

const wholeDays = ({ from, to }: TimeRange): TimeRange => ({
  from: Math.floor(from / DAY_MS) * DAY_MS,
  to: Math.ceil(to / DAY_MS) * DAY_MS,
});

const isoRange = ({ from, to }: TimeRange) => [toIso(from), toIso(to)];

/** The parts of UTC days at the edges of a range. */
function partialDays({ from, to }: TimeRange): TimeRange[] {
  const begin = Math.ceil(from / DAY_MS) * DAY_MS;
  const end = Math.floor(to / DAY_MS) * DAY_MS;
  if (begin > end) return [{ from, to }];
  return [
    { from, to: begin },
    { from: end, to },
  ].filter((part) => part.from < part.to);
}

/** The share of all keys that are less than `key`: its first 52 bits as a fraction. */
function shareBelow(key: string): number {
  return parseInt(key.replaceAll('-', '').slice(0, 13), 16) / 2 ** 52;
}
