import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { toIso } from '../../platform/http/query.dto.js';
import type { TimeRange } from '../../platform/time/time.js';
import { IS_COUNTED } from '../rollups/counted-events-sql.js';

interface Row {
  value: unknown;
  count: number;
  total: number;
  distinct_values: number;
}

/** Selected by the types that occurred on the days of the range, since events have no index on the time alone. */
const TOP_VALUES = `/* breakdown.topValues */
select e.payload -> $4 as value, count(*)::float8 as count,
       sum(count(*)) over ()::float8 as total, count(*) over ()::float8 as distinct_values
from events e
where e.tenant_id = $1 and e.event_time >= $2 and e.event_time < $3 and e.payload ? $4
  and e.event_type in (
    select event_type from event_rollups_day
    where tenant_id = $1 and bucket > $2::timestamptz - interval '1 day' and bucket < $3
      and ($5::text is null or event_type = $5))
  and ($7::text is null or e.client_id = $7)
  and ${IS_COUNTED}
group by 1 order by 2 desc, (e.payload -> $4)::text collate "C" limit $6`;

@Injectable()
export class BreakdownRepository {
  constructor(private readonly database: Database) {}

  /** The most frequent values of one payload property. */
  async listTopValues(
    tenantId: string,
    range: TimeRange,
    {
      property,
      event_type,
      client_id,
      limit,
    }: {
      property: string;
      event_type?: string;
      client_id?: string;
      limit: number;
    },
  ): Promise<{ total: number; distinct_values: number; data: { value: unknown; count: number }[] }> {
    const parameters = [
      tenantId,
      toIso(range.from),
      toIso(range.to),
      property,
      event_type ?? null,
      limit,
      client_id ?? null,
    ];
    const { rows } = await this.database.readInTenant(tenantId, (sql) => sql.query<Row>(TOP_VALUES, parameters));
    return {
      total: rows[0]?.total ?? 0,
      distinct_values: rows[0]?.distinct_values ?? 0,
      data: rows.map(({ value, count }) => ({ value, count })),
    };
  }
}
