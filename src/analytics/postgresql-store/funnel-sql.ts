import { IS_COUNTED } from '../rollups/counted-events-sql.js';

export interface FunnelShape {
  /** The conditions of each step on events `e`. */
  steps: readonly string[];
  /** Users are grouped by this text of the first event of their chain. */
  group: string | null;
  /** Only the users in $5. */
  chosen: boolean;
  /** The condition on events `e` of a sample. */
  sampled: string;
}

/**
 * One statement for a funnel. $1 tenant, $2 from, $3 to, $4 window in seconds, $5 users or null, and what the steps and
 * the group refer to.
 *
 * From any first event, taking the earliest next step each time reaches every depth as early as possible. So the chain
 * of a first event follows from "the next event of step k strictly after this one". Going through a user's events
 * backwards in time, that is the least of those in earlier groups of equal times: one SQL window per step, all over one
 * sort. The time limit of the funnel only ends a chain early. The deepest chain wins, then the earliest.
 *
 * Only users with an event of step 2 after one of step 1 are sorted at all: for the others counting is enough.
 */
export function funnelSql(shape: FunnelShape): string {
  const steps = shape.steps.map((_, index) => index + 1);
  const last = steps.length;
  const group = shape.group ?? 'null::text';
  return `/* funnels.count */
with ${steps.map((step) => stepSql(step, shape, step === 1 ? group : 'null::text')).join(', ')}
, reach as materialized (
  select user_id, min(at) filter (where step = 1) as first_start, max(at) filter (where step = 2) as last_second
  from (select user_id, at, 1 as step from step_1 ${last > 1 ? 'union all select user_id, at, 2 from step_2' : ''}) s
  group by user_id
), candidates as materialized (
  select user_id from reach where ${shape.group === null ? 'last_second > first_start' : 'first_start is not null'}
), level_${last} as (
  select user_id, at, step, label, case when step = ${last} then array[at] end as chain
  from (${steps.map((step) => `select *, ${step} as step from step_${step}`).join(' union all ')}) step_events
  where user_id in (select user_id from candidates)
)${steps.slice(0, -1).reverse().map(levelSql).join('')}
, starts as (
  select user_id, at, label, chain,
         (select count(*)::int from unnest(chain) t where t <= at + make_interval(secs => $4::float8)) as depth
  from level_1 where step = 1
), best as (
  select distinct on (user_id) user_id, label, chain, depth from starts order by user_id, depth desc, at, label collate "C"
), reached as (
  select label, k, chain[k] - chain[k - 1] as taken from best cross join lateral generate_series(1, depth) k
)
select label, k, sum(users) as users, max(median_s) as median_s from (
  select label, k, count(*)::float8 as users,
         percentile_cont(0.5) within group (order by extract(epoch from taken)::float8) as median_s
  from reached group by label, k
  union all
  select null, 1, count(*)::float8, null from reach
  where first_start is not null and ${shape.group === null ? '(last_second > first_start) is not true' : 'false'}
) s group by label, k order by k`;
}

/** Collation "C": users need any order, not an alphabetical one, and comparing bytes is many times faster. */
function stepSql(step: number, { steps, chosen, sampled }: FunnelShape, label: string): string {
  return `step_${step} as not materialized (
  select e.user_id collate "C" as user_id, e.event_time as at, ${label} as label from events e
  where e.tenant_id = $1 and ${steps[step - 1]} and e.event_time >= $2 and e.event_time < $3
    and ${chosen ? 'e.user_id = any($5::text[])' : 'e.user_id is not null and $5::text[] is null'} and ${sampled}
    and ${IS_COUNTED}
)`;
}

function levelSql(step: number): string {
  return `, level_${step} as (
  select user_id, at, step, label,
         case when step = ${step} then array[at] || min(chain) filter (where step = ${step + 1}) over (
           partition by user_id order by at desc groups between unbounded preceding and 1 preceding) else chain end as chain
  from level_${step + 1}
)`;
}
