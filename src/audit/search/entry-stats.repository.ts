import type { Sql } from '../../platform/database/database.js';
import type { EntryFilter } from './entry-filter.js';
import { readTerms } from './search-terms.repository.js';
import { matching, sourceOf } from './entry-sql.js';
import { Parameters } from '../../platform/database/sql-parameters.js';

/** Resource types that a statistic lists; a tenant with a new type for each entry gets the most frequent ones. */
const MAX_RESOURCE_TYPES = 1_000;

export interface EntryStats {
  total: number;
  by_action: Record<string, number>;
  by_severity: Record<string, number>;
  by_resource_type: Record<string, number>;
  by_day: { day: string; count: number }[];
}

interface Row {
  kind: 'total' | 'action' | 'severity' | 'resource_type' | 'day';
  name: string;
  count: number;
}

/**
 * One pass over the time index, which includes these columns, into cells; the four counts then come from the cells.
 * Days are those of a time zone.
 */
export async function countEntries(
  sql: Sql,
  tenantId: string,
  asked: EntryFilter,
  timeZone: string,
): Promise<EntryStats> {
  const filter = await readTerms(sql, asked);
  const parameters = new Parameters();
  const where = matching(filter, tenantId, parameters);
  const { rows } = await sql.query<Row>(
    `/* auditEntries.stats */
with cells as materialized (
  select action_type, severity, resource_type,
         date_trunc('day', occurred_at at time zone ${parameters.add(timeZone)}) as day, count(*) as count
  from ${sourceOf(filter)} where ${where} group by 1, 2, 3, 4
)
select 'total' as kind, '' as name, coalesce(sum(count), 0)::float8 as count from cells
union all select 'action', action_type, sum(count)::float8 from cells group by 2
union all select 'severity', severity, sum(count)::float8 from cells group by 2
union all select 'day', to_char(day, 'YYYY-MM-DD'), sum(count)::float8 from cells group by 2
union all (select 'resource_type', resource_type, sum(count)::float8 as n from cells group by 2
           order by n desc, 2 limit ${MAX_RESOURCE_TYPES})
order by 1, 2`,
    parameters.values,
  );
  return toStats(rows);
}

function toStats(rows: readonly Row[]): EntryStats {
  const of = (kind: Row['kind']) => rows.filter((row) => row.kind === kind);
  const record = (kind: Row['kind']) => Object.fromEntries(of(kind).map(({ name, count }) => [name, count]));
  return {
    total: of('total')[0]?.count ?? 0,
    by_action: record('action'),
    by_severity: record('severity'),
    by_resource_type: record('resource_type'),
    by_day: of('day').map(({ name, count }) => ({ day: name, count })),
  };
}
