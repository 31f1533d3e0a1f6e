import type { BreakdownQuestion, CountQuestion, OverviewQuestion } from '../event-store/event-store.js';
import type { TimeRange } from '../../platform/time/time.js';
import { encodeValue, TAG } from '../../platform/clickhouse/property-encoding.js';
import { type Filter, requiredTypes } from '../filters/filter.js';
import type { EventsOfTenant } from './events-of-tenant-sql.js';
import { jsonText } from './property-sql.js';

const fitting = (events: EventsOfTenant, filter: Filter | undefined): string[] => [
  events.ofTypes(requiredTypes(filter)),
  events.filter.condition(filter),
];

export interface ValueRow {
  value: string;
  count: number;
  total: number;
  distinct_values: number;
}

/** The most frequent values; of equally frequent ones those whose JSON comes first. */
export function topValuesSql(events: EventsOfTenant, range: TimeRange, question: BreakdownQuestion): string {
  const { property, filter, limit } = question;
  return `/* clickhouse.topValues */
select value, count, sum(count) over () as total, count() over () as distinct_values
from (
  select value, count() as count
  from (select ${events.property.value(property)} as value ${events.from(range, ...fitting(events, filter))})
  where value != '' group by value
) order by count desc, ${jsonText('value')} limit ${events.add('UInt32', limit)}`;
}

export interface GroupRow {
  group: string[];
  total: number;
  /** Where each begins, and its count. */
  buckets: [start: number, value: number][];
  groups: number;
}

const SUBJECTS = { users: 'e.user_id', sessions: 'e.session_id' } as const;

/** One reading of the events for the groups as a whole and for their buckets. */
export function countsSql(events: EventsOfTenant, range: TimeRange, question: CountQuestion): string {
  const { measure, filter, breakdown, starts, limit, groups } = question;
  const subject = measure === 'events' ? null : SUBJECTS[measure];
  const values = breakdown.map((name) => `ifNull(nullIf(${events.property.value(name)}, ''), '${TAG.null}')`);
  const found = [
    `${values.length === 0 ? 'emptyArrayString()' : `[${values.join(', ')}]`} as group`,
    ...(starts === null ? [] : [`${events.startOf(starts)} as start`]),
    ...(subject === null ? [] : [`assumeNotNull(${subject}) as subject`]),
  ];
  const conditions = [...fitting(events, filter), ...(subject === null ? [] : [`${subject} is not null`])];
  const given = groups?.map((group) => group.map(encodeValue));
  const among =
    given === undefined || values.length === 0 ? '' : `where has(${events.add('Array(Array(String))', given)}, group)`;
  const [start, whole, sets] =
    starts === null
      ? ['0 as start', '1', 'group']
      : ['start', 'grouping(start)', 'grouping sets ((group, start), (group))'];
  return `/* clickhouse.counts */
select group, sumIf(value, is_whole = 1) as total, groupArrayIf((start, value), is_whole = 0) as buckets,
       count() over () as groups
from (
  select group, ${start}, ${whole} as is_whole, ${subject === null ? 'count()' : 'uniqExact(subject)'} as value
  from (select ${found.join(', ')} ${events.from(range, ...conditions)})
  ${among} group by ${sets}
) group by group
order by total desc, concat('[', arrayStringConcat(arrayMap(v -> ${jsonText('v')}, group), ', '), ']')
limit ${events.add('UInt32', given?.length ?? limit)}`;
}

/** By type and bucket of the trend. */
export const overviewCountsSql = (
  events: EventsOfTenant,
  range: TimeRange,
  { starts, filter }: OverviewQuestion,
): string =>
  `/* clickhouse.overviewCounts */
select e.event_type as event_type, ${events.startOf(starts)} as start, count() as count
${events.from(range, ...fitting(events, filter))} group by event_type, start`;

export const overviewSubjectsSql = (events: EventsOfTenant, range: TimeRange, { filter }: OverviewQuestion): string =>
  `/* clickhouse.overviewSubjects */
select uniqExact(e.user_id) as users, uniqExact(e.session_id) as sessions, count(e.user_id) as user_events
${events.from(range, ...fitting(events, filter))}`;

export const topUsersSql = (events: EventsOfTenant, range: TimeRange, { filter, limit }: OverviewQuestion): string =>
  `/* clickhouse.topUsers */
select e.user_id as user_id, count() as count ${events.from(range, ...fitting(events, filter), 'e.user_id is not null')}
group by user_id order by count desc, user_id limit ${events.add('UInt32', limit)}`;

/** Users by the time window of their first event, and by each in which they were active; 0 for all time before. */
export function retentionSql(events: EventsOfTenant, bounds: readonly number[], filter: Filter): string {
  const ever = { from: 0, to: bounds.at(-1) ?? 0 };
  return `/* clickhouse.retention */
select arrayMin(periods) as cohort, arrayJoin(periods) as period, count() as users
from (
  select groupUniqArray(${events.startOf(bounds)}) as periods
  ${events.from(ever, ...fitting(events, filter), 'e.user_id is not null')} group by e.user_id
) where cohort > 0 group by cohort, period`;
}

/** For each of the properties whether an event has it. */
export function seenSql(
  events: EventsOfTenant,
  range: TimeRange,
  names: readonly string[],
  types: readonly string[] | null,
): string {
  const seen = names.map((name) => `max(${events.property.value(name)} != '')`);
  return `/* clickhouse.seen */ select [${seen.join(', ')}] as seen ${events.from(range, events.ofTypes(types))}`;
}
