import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import type { TimeRange } from '../../platform/time/time.js';
import type { BreakdownQuestion, TopValues } from '../event-store/event-store.js';
import { requiredTypes } from '../filters/filter.js';
import { type FilterSql, filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';
import { type Effort, type Sample, standardError, type UnitSums } from '../sampling/sample.js';
import { isSampled, limitTime, UNIT_OF, unitSums } from '../sampling/sample-sql.js';

interface Row {
  value: unknown;
  count: number;
  total: number;
  distinct_values: number;
}

interface SampledRow extends Row, UnitSums {
  total_units: number;
  total_squares: number;
}

@Injectable()
export class BreakdownRepository {
  constructor(private readonly database: Database) {}

  /** The most frequent values of one property, and how many events have it. */
  async listTopValues(
    tenantId: string,
    range: TimeRange,
    breakdown: BreakdownQuestion,
    effort: Effort,
  ): Promise<TopValues> {
    const { sample } = effort;
    const rows = await this.database.readOnReplica(tenantId, async (sql) => {
      const parameters = new Parameters();
      parameters.add(tenantId);
      const { property, filter } = breakdown;
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter], [property]);
      const text =
        sample === undefined
          ? topValues(range, breakdown, parameters, filters)
          : sampledValues(range, breakdown, parameters, filters, sample);
      await limitTime(sql, effort);
      return (await sql.query<SampledRow>(text, parameters.values)).rows;
    });
    if (sample !== undefined) return scaleUp(rows, sample);
    return {
      total: rows[0]?.total ?? 0,
      distinct_values: rows[0]?.distinct_values ?? 0,
      data: rows.map(({ value, count }) => ({ value, count })),
    };
  }
}

function topValues(
  range: TimeRange,
  { property, filter, limit }: BreakdownQuestion,
  parameters: Parameters,
  filters: FilterSql,
): string {
  return `/* breakdown.topValues */
select value, count(*)::float8 as count,
       sum(count(*)) over ()::float8 as total, count(*) over ()::float8 as distinct_values
from (
  select ${filters.property.json(property)} as value from events e
  where ${countedIn(range, requiredTypes(filter), parameters)} and ${filters.condition(filter)}
) found where value is not null
group by value order by count(*) desc, value::text collate "C" limit ${parameters.add(limit)}`;
}

/** The same from a sample: first how often each unit has each value. */
function sampledValues(
  range: TimeRange,
  { property, filter, limit }: BreakdownQuestion,
  parameters: Parameters,
  filters: FilterSql,
  sample: Sample,
): string {
  return `/* breakdown.sampledValues */
with found as (
  select ${filters.property.json(property)} as value, ${UNIT_OF[sample.unit]} as unit from events e
  where ${countedIn(range, requiredTypes(filter), parameters)} and ${isSampled(sample, parameters)}
    and ${filters.condition(filter)}
), parts as materialized (
  select value, unit, count(*)::float8 as y from found where value is not null group by 1, 2
), whole as (
  ${unitSums('parts')}
)
select p.value, sum(p.y) as count, count(*)::float8 as units, sum(p.y * p.y) as squares, sum(sum(p.y)) over () as total,
       count(*) over ()::float8 as distinct_values, w.units as total_units, w.squares as total_squares
from parts p cross join whole w
group by p.value, w.units, w.squares order by sum(p.y) desc, p.value::text collate "C" limit ${parameters.add(limit)}`;
}

function scaleUp(rows: readonly SampledRow[], { oneIn }: Sample): TopValues {
  const { total = 0, distinct_values = 0, total_units: units = 0, total_squares: squares = 0 } = rows[0] ?? {};
  return {
    ...{ total: total * oneIn, standard_error: standardError({ units, squares }, oneIn), distinct_values },
    data: rows.map(({ value, count, ...sums }) => ({
      ...{ value, count: count * oneIn },
      standard_error: standardError(sums, oneIn),
    })),
  };
}
