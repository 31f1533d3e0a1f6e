import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { listParsedAgents } from '../properties/event-properties.repository.js';
import { EventPropertySql, type ParsedAgents } from '../properties/event-property-sql.js';
import { IS_COUNTED } from '../rollups/counted-events-sql.js';

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
  async listTopValues(
    tenantId: string,
    range: TimeRange,
    query: { property: string; event_type?: string; client_id?: string; limit: number },
  ): Promise<{ total: number; distinct_values: number; data: { value: unknown; count: number }[] }> {
    const rows = await this.database.readOnReplica(tenantId, async (sql) => {
      const agents = await listParsedAgents(sql, tenantId, [query.property]);
      const { text, values } = topValues(tenantId, range, query, agents);
      return (await sql.query<Row>(text, values)).rows;
    });
    return {
      total: rows[0]?.total ?? 0,
      distinct_values: rows[0]?.distinct_values ?? 0,
      data: rows.map(({ value, count }) => ({ value, count })),
    };
  }
}

/** Selected by the types that occurred on the days of the range, since events have no index on the time alone. */
function topValues(
  tenantId: string,
  range: TimeRange,
  {
    property,
    event_type,
    client_id,
    limit,
  }: { property: string; event_type?: string; client_id?: string; limit: number },
  agents: ParsedAgents,
) {
  const parameters = new Parameters();
  const [tenant, from, to, type, client, most] = [
    ...[tenantId, toIso(range.from), toIso(range.to), event_type ?? null, client_id ?? null, limit],
  ].map((value) => parameters.add(value));
  const value = new EventPropertySql(parameters, agents).json(property);
  const text = `/* breakdown.topValues */
select value, count(*)::float8 as count,
       sum(count(*)) over ()::float8 as total, count(*) over ()::float8 as distinct_values
from (
  select ${value} as value from events e
  where e.tenant_id = ${tenant} and e.event_time >= ${from} and e.event_time < ${to}
    and e.event_type in (
      select event_type from event_rollups_day
      where tenant_id = ${tenant} and bucket > ${from}::timestamptz - interval '1 day' and bucket < ${to}
        and (${type}::text is null or event_type = ${type}))
    and (${client}::text is null or e.client_id = ${client})
    and ${IS_COUNTED}
) found where value is not null
group by value order by count(*) desc, value::text collate "C" limit ${most}`;
  return { text, values: parameters.values };
}
