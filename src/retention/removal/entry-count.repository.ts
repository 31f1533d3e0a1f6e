import { Injectable } from '@nestjs/common';
import { ENTRY_IS_FREE } from '../../audit/preservation/hold-sql.js';
import { Database } from '../../platform/database/database.js';
import type { CountedMonth } from './event-removal.repository.js';

const COUNT = `/* retention.countEntries */
select month, count(*) filter (where is_free)::float8 as rows, count(*) filter (where not is_free)::float8 as held,
       coalesce(sum(bytes) filter (where is_free), 0)::float8 as bytes
from (
  select to_char(e.created_at at time zone 'UTC', 'YYYY-MM') as month, pg_column_size(e.*) as bytes,
         ${ENTRY_IS_FREE} as is_free
  from audit_entries e where e.tenant_id = $1 and e.id < uuid7_lower_bound($2) and e.created_at < $2
    and (e.restored_until is null or e.restored_until <= now())
) counted group by month order by month`;

@Injectable()
export class EntryCountRepository {
  constructor(private readonly database: Database) {}

  /** Entries recorded before `before`: what a clean-up removes, and what holds keep, by month. */
  async count(tenantId: string, before: Date): Promise<CountedMonth[]> {
    const { rows } = await this.database.system.query<CountedMonth>(COUNT, [tenantId, before]);
    return rows;
  }
}
