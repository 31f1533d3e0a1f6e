import type { TimeRange } from '../../platform/time/time.js';
import { conditionOf, type FunnelDefinition, typesOf } from '../event-store/funnel-definition.js';
import type { EventsOfTenant } from './events-of-tenant-sql.js';
import { plainText } from './property-sql.js';

/** More than a funnel has steps. */
const BASE = 32;
/** Later than everything. */
const NEVER = '9223372036854775807';

const times = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

/**
 * How many users reached each step, and the median time from the step before in microseconds; for each value of
 * `group_by` if `grouped`.
 *
 * windowFunnel of ClickHouse cannot say when a step was reached, and loses chains where two steps happen at one time.
 * So each user's events become one sorted array of numbers: time × 32 + steps that follow. At one time a later step
 * stands before an earlier one, so what stands behind an event of step k and is of step k + 1 is strictly later. Then
 * the next such event of each place is found from the back, once for each step, all users at a time: no user with many
 * events costs more than its share. From any first event, taking the earliest next step each time reaches every depth
 * as early as possible. The deepest chain wins, then the earliest.
 */
export function funnelSql(
  events: EventsOfTenant,
  range: TimeRange,
  definition: FunnelDefinition,
  grouped: boolean,
): string {
  const { steps, window_s, group_by } = definition;
  const last = steps.length;
  const conditions = steps.map((step) => {
    return `e.event_type = ${events.add('String', step.event_type)} and ${events.filter.condition(conditionOf(step))}`;
  });
  const entries = conditions.map(
    (condition, n) => `groupArrayIf(${events.time} * ${BASE} + ${last - 1 - n}, ${condition})`,
  );
  const label = grouped && group_by !== undefined ? plainText(events.property.value(group_by)) : null;
  const firsts = label === null ? '' : `, groupArrayIf((${events.time}, ${label}), ${conditions[0]}) as firsts`;
  const from = events.from(range, events.ofTypes(typesOf(steps)), 'e.user_id is not null');
  return `/* clickhouse.funnel */
select label, reached.1 as k, count() as users, quantileExactInclusive(0.5)(reached.2) as median_us
from (
  select ${label === null ? 'null' : labelSql()} as label,
         arrayJoin(arrayMap(k -> (k, if(k = 1, 0, chain[k] - chain[greatest(k - 1, 1)])), range(1, toUInt32(depth + 1)))) as reached
  from (
    select ${[...chainSql(last), bestSql(last, events.add('Int64', Math.round(window_s * 1e6)))].join(',\n      ')}${label === null ? '' : ', firsts'}
    from (
      select arraySort(arrayConcat(${entries.join(', ')})) as entries${firsts}
      ${from} group by e.user_id
    )
  ) where depth > 0
) group by label, k`;
}

/** Of several first events at one time, the least label, as PostgreSQL orders them: null behind all others. */
const labelSql = () =>
  'arrayElement(arraySort(arrayMap(first -> first.2, arrayFilter(first -> first.1 = chain[1], firsts))), 1)';

/** Arrays as long as `entries`: time, step, and `next_k_m`: when the chain of the next step k reaches step m. */
function chainSql(last: number): string[] {
  const columns = [
    `arrayMap(entry -> intDiv(entry, ${BASE}), entries) as at`,
    `arrayMap(entry -> ${last} - entry % ${BASE}, entries) as step`,
  ];
  for (let k = last; k > 1; k--) {
    for (let m = k; m <= last; m++) {
      const own = m === k ? 'at' : `next_${k + 1}_${m}`;
      columns.push(
        `arrayPopBack(arrayReverseFill((time, s) -> s = ${k}, arrayPushBack(${own}, toInt64(${NEVER})), arrayPushBack(step, ${k}))) as next_${k}_${m}`,
      );
    }
  }
  return columns;
}

/** The depth from each first event, and the earliest of the deepest. */
function bestSql(last: number, window: string): string {
  const later = times(last - 1).map((n) => `next_2_${n + 1}`);
  const names = later.map((_, n) => `t${n}`);
  const depth = ['1', ...names.map((name) => `(${name} <= time + ${window})`)].join(' + ');
  return [
    `arrayMap((${['s', 'time', ...names].join(', ')}) -> if(s = 1, ${depth}, 0), ${['step', 'at', ...later].join(', ')}) as depths`,
    'arrayMax(depths) as depth, indexOf(depths, depth) as place',
    `[${['at', ...later].map((name) => `${name}[place]`).join(', ')}] as chain`,
  ].join(',\n      ');
}
