import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { writeJson } from '../../platform/json/json-text.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { CountedGroup, CountedGroups, CountQuestion } from '../event-store/event-store.js';
import { requiredTypes } from '../filters/filter.js';
import { type FilterSql, filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';
import {
  type Effort,
  type Estimate,
  type Sample,
  type SampledUnit,
  standardError,
  type UnitSums,
} from '../sampling/sample.js';
import { isOfSampledUser, isSampled, limitTime, UNIT_OF } from '../sampling/sample-sql.js';

interface Row extends CountedGroup, UnitSums {
  groups: number;
  buckets: ({ n: number; value: number } & UnitSums)[];
}

/** What one sampled unit is, for each measure. */
export const unitOf = (measure: CountQuestion['measure']): SampledUnit => (measure === 'sessions' ? 'session' : 'user');

const SUBJECTS = { users: 'e.user_id', sessions: 'e.session_id' } as const;

/** Counts from the events themselves. */
@Injectable()
export class QueryCountsRepository {
  constructor(private readonly database: Database) {}

  async count(tenantId: string, range: TimeRange, question: CountQuestion, effort: Effort): Promise<CountedGroups> {
    const { filter, breakdown } = question;
    const rows = await this.database.readOnReplica(tenantId, async (sql) => {
      const parameters = new Parameters();
      parameters.add(tenantId);
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter], breakdown);
      const text = countSql(range, question, parameters, filters, effort.sample);
      await limitTime(sql, effort);
      await sql.query(`set local work_mem = '64MB'`);
      return (await sql.query<Row>(text, parameters.values)).rows;
    });
    return { groups: rows[0]?.groups ?? 0, data: rows.map((row) => toGroup(row, effort.sample)) };
  }
}

function toGroup({ group, buckets, ...sums }: Row, sample: Sample | undefined): CountedGroup {
  return {
    group,
    ...toValue(sums, sample),
    buckets: buckets.map(({ n, ...bucket }) => ({ n, ...toValue(bucket, sample) })),
  };
}

function toValue(
  { value, ...sums }: { value: number } & UnitSums,
  sample: Sample | undefined,
): { value: number } & Estimate {
  if (sample === undefined) return { value };
  const { oneIn } = sample;
  return { value: value * oneIn, standard_error: standardError(sums, oneIn) };
}

/** One reading of the events for the groups as a whole and for their buckets. */
function countSql(
  range: TimeRange,
  question: CountQuestion,
  parameters: Parameters,
  filters: FilterSql,
  sample: Sample | undefined,
): string {
  const { measure, filter, breakdown, starts } = question;
  const subject = measure === 'events' ? null : SUBJECTS[measure];
  const values = breakdown.map((name) => `coalesce(${filters.property.json(name)}, 'null')`);
  const conditions = [
    countedIn(range, requiredTypes(filter), parameters),
    measure === 'users' ? isOfSampledUser(sample, range, parameters) : isSampled(sample, parameters),
    ...(filter === undefined ? [] : [filters.condition(filter)]),
    ...(subject === null ? [] : [`${subject} is not null`]),
  ];
  const bucket =
    starts === null ? '0' : `width_bucket(e.event_time, ${parameters.add(starts.map(toIso))}::timestamptz[])`;
  const counted = sample === undefined ? countedSql(question) : sampledSql(question);
  const unit = sample === undefined ? subject : UNIT_OF[sample.unit];
  return `/* queries.count */
with found as (
  select jsonb_build_array(${values.join(', ')}) as g, ${bucket} as n${unit === null ? '' : `, ${unit} collate "C" as unit`}
  from events e where ${conditions.join('\n    and ')}
), ${counted}, ${wholeSql(question, parameters)}
select w.g as group, w.value, w.units, w.squares, w.groups, coalesce(b.buckets, '[]') as buckets
from whole w left join (
  select g, json_agg(json_build_object('n', n, 'value', value, 'units', units, 'squares', squares)) as buckets
  from counted where is_whole = 0 group by g
) b on b.g = w.g
order by w.place`;
}

function countedSql({ measure, starts }: CountQuestion): string {
  const [whole, sets] = starts === null ? ['1', 'g, n'] : ['grouping(n)', 'grouping sets ((g, n), (g))'];
  return `counted as (
  select g, n, ${whole} as is_whole, ${measure === 'events' ? 'count(*)' : 'count(distinct unit)'}::float8 as value,
         null::float8 as units, null::float8 as squares
  from found group by ${sets}
)`;
}

/** First what each unit adds to each group, then their sums. */
function sampledSql({ measure, starts }: CountQuestion): string {
  const [whole, sets] =
    starts === null ? ['1', 'g, n, unit'] : ['grouping(n)', 'grouping sets ((g, n, unit), (g, unit))'];
  return `parts as (
  select g, n, ${whole} as is_whole, ${measure === 'events' ? 'count(*)' : '1'}::float8 as y from found group by ${sets}
), counted as (
  select g, n, is_whole, sum(y) as value, count(*)::float8 as units, sum(y * y) as squares
  from parts group by g, n, is_whole
)`;
}

/** The groups of the answer, and their places in it. */
function wholeSql({ limit, groups }: CountQuestion, parameters: Parameters): string {
  if (groups === undefined) {
    return `whole as (
  select g, value, units, squares, count(*) over ()::float8 as groups, row_number() over (order by value desc, g::text collate "C") as place
  from counted where is_whole = 1 order by place limit ${parameters.add(limit)}
)`;
  }
  const given = parameters.add(groups.map((group) => writeJson(group)));
  return `whole as (
  select a.g, coalesce(c.value, 0) as value, coalesce(c.units, 0) as units, coalesce(c.squares, 0) as squares,
         0::float8 as groups, a.place
  from unnest(${given}::jsonb[]) with ordinality a (g, place) left join counted c on c.g = a.g and c.is_whole = 1
)`;
}
