import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { writeJson } from '../../platform/json/json-text.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { CountedGroup, CountedGroups, CountQuestion } from '../event-store/event-store.js';
import { requiredTypes } from '../filters/filter.js';
import { type FilterSql, filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';

interface Row extends CountedGroup {
  groups: number;
}

const SUBJECTS = { users: 'e.user_id', sessions: 'e.session_id' } as const;

/** Counts from the events themselves. */
@Injectable()
export class QueryCountsRepository {
  constructor(private readonly database: Database) {}

  async count(tenantId: string, range: TimeRange, question: CountQuestion): Promise<CountedGroups> {
    const { filter, breakdown } = question;
    const rows = await this.database.readOnReplica(tenantId, async (sql) => {
      const parameters = new Parameters();
      parameters.add(tenantId);
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter], breakdown);
      const text = countSql(range, question, parameters, filters);
      await sql.query(`set local work_mem = '64MB'`);
      return (await sql.query<Row>(text, parameters.values)).rows;
    });
    return { groups: rows[0]?.groups ?? 0, data: rows.map(({ groups: _, ...counted }) => counted) };
  }
}

/** One reading of the events for the groups as a whole and for their buckets. */
function countSql(range: TimeRange, question: CountQuestion, parameters: Parameters, filters: FilterSql): string {
  const { measure, filter, breakdown, starts } = question;
  const subject = measure === 'events' ? null : SUBJECTS[measure];
  const values = breakdown.map((name) => `coalesce(${filters.property.json(name)}, 'null')`);
  const conditions = [
    countedIn(range, requiredTypes(filter), parameters),
    ...(filter === undefined ? [] : [filters.condition(filter)]),
    ...(subject === null ? [] : [`${subject} is not null`]),
  ];
  const [bucket, whole, sets] =
    starts === null
      ? ['0', '1', 'g, n']
      : [
          `width_bucket(e.event_time, ${parameters.add(starts.map(toIso))}::timestamptz[])`,
          'grouping(n)',
          'grouping sets ((g, n), (g))',
        ];
  return `/* queries.count */
with found as (
  select jsonb_build_array(${values.join(', ')}) as g, ${bucket} as n${subject === null ? '' : `, ${subject} collate "C" as subject`}
  from events e where ${conditions.join('\n    and ')}
), counted as (
  select g, n, ${whole} as is_whole, ${subject === null ? 'count(*)' : 'count(distinct subject)'}::float8 as value
  from found group by ${sets}
), ${wholeSql(question, parameters)}
select w.g as group, w.value, w.groups, coalesce(b.buckets, '[]') as buckets
from whole w left join (
  select g, json_agg(json_build_object('n', n, 'value', value)) as buckets from counted where is_whole = 0 group by g
) b on b.g = w.g
order by w.place`;
}

/** The groups of the answer, and their places in it. */
function wholeSql({ limit, groups }: CountQuestion, parameters: Parameters): string {
  if (groups === undefined) {
    return `whole as (
  select g, value, count(*) over ()::float8 as groups, row_number() over (order by value desc, g::text collate "C") as place
  from counted where is_whole = 1 order by place limit ${parameters.add(limit)}
)`;
  }
  const given = parameters.add(groups.map((group) => writeJson(group)));
  return `whole as (
  select a.g, coalesce(c.value, 0) as value, 0::float8 as groups, a.place
  from unnest(${given}::jsonb[]) with ordinality a (g, place) left join counted c on c.g = a.g and c.is_whole = 1
)`;
}
