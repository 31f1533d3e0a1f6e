import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { NewEntry } from '../entries/entry.js';
import { AuditEntryWriter } from '../entries/entry-writer.js';

/**
 * Row-level security adds the common catalogue, that of the nil tenant, to the tenant's own; hence no condition on it.
 */
const LIST_EVENT_TYPES = `/* catalogue.listEventTypes */
select name from functionality_event_types where functionality = $1
group by name order by min(tenant_id::text), min(position)`;

const LIST = `/* catalogue.list */
select f.name as functionality, coalesce(array_agg(t.name order by t.place) filter (where t.name is not null), '{}') as event_types
from (select distinct name from functionalities) f
left join (
  select functionality, name, row_number() over (order by min(tenant_id::text), min(position)) as place
  from functionality_event_types group by functionality, name
) t on t.functionality = f.name
group by f.name order by f.name collate "C"`;

const EXISTS = `/* catalogue.exists */ select exists (select from functionalities where name = $1) as known`;

const ADD = `/* catalogue.add */
with added as (
  insert into functionalities (tenant_id, name)
  select $1, $2 where not exists (select from functionalities where name = $2) on conflict do nothing
)
insert into functionality_event_types (tenant_id, functionality, name)
select $1, $2, name from unnest($3::text[]) with ordinality as t (name, n)
where not exists (select from functionality_event_types e where e.functionality = $2 and e.name = t.name)
order by n on conflict do nothing`;

/** Functionalities and the event types each has: common ones and those a tenant added. */
@Injectable()
export class CatalogueRepository {
  constructor(
    private readonly database: Database,
    private readonly writer: AuditEntryWriter,
  ) {}

  /** Every functionality, by name. */
  async list(tenantId: string): Promise<{ functionality: string; event_types: string[] }[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      return (await sql.query<{ functionality: string; event_types: string[] }>(LIST)).rows;
    });
  }

  /** @returns null when there is no such functionality */
  async listEventTypes(tenantId: string, functionality: string): Promise<string[] | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<{ name: string }>(LIST_EVENT_TYPES, [functionality]);
      if (rows.length > 0) return rows.map(({ name }) => name);
      const found = await sql.query<{ known: boolean }>(EXISTS, [functionality]);
      return found.rows[0]?.known === true ? [] : null;
    });
  }

  /** Adds what is not there yet, and the record of it, in one transaction. */
  async add(tenantId: string, functionality: string, eventTypes: readonly string[], record: NewEntry): Promise<void> {
    await this.database.inTenant(tenantId, async (sql) => {
      await sql.query(ADD, [tenantId, functionality, eventTypes]);
      await this.writer.append(sql, [record]);
    });
  }
}
