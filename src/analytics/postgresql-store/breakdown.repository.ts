import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import type { TimeRange } from '../../platform/time/time.js';
import type { BreakdownQuestion, TopValues } from '../event-store/event-store.js';
import { requiredTypes } from '../filters/filter.js';
import { type FilterSql, filterSqlFor } from '../filters/filter-sql.js';
import { countedIn } from '../rollups/counted-events-sql.js';

interface Row {
  value: unknown;
  count: number;
  total: number;
  distinct_values: number;
}

@Injectable()
export class BreakdownRepository {
  constructor(private readonly database: Database) {}

  /** The most frequent values of one property, and how many events have it. */
  async listTopValues(tenantId: string, range: TimeRange, breakdown: BreakdownQuestion): Promise<TopValues> {
    const rows = await this.database.readOnReplica(tenantId, async (sql) => {
      const parameters = new Parameters();
      parameters.add(tenantId);
      const { property, filter } = breakdown;
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter], [property]);
      return (await sql.query<Row>(topValues(range, breakdown, parameters, filters), parameters.values)).rows;
    });
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
