import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { ShownEntry } from '../entries/entry.js';
import { SHOWN_COLUMNS } from './entry-sql.js';

/** The end of the sealed entries of a tenant. */
export interface LogEnd {
  tenantId: string;
  isActive: boolean;
  /** Leaf index that the next entry will get. */
  end: number;
}

/** The entry at one leaf index; null where retention has removed it, or where the leaf is an act. */
export interface LogPlace {
  index: number;
  entry: ShownEntry | null;
}

const FIND_ENDS = `/* liveEntries.findEnds */
select t.id as "tenantId", t.status = 'active' as "isActive", coalesce(a.tree_size, 0)::float8 as "end"
from tenants t left join audit_trees a on a.tenant_id = t.id where t.id = any($1::uuid[])`;

const LIST = `/* liveEntries.list */
select l.leaf_index::float8 as index, case when e.id is not null then to_jsonb(e) end as entry
from audit_leaves l
left join lateral (select ${SHOWN_COLUMNS} from audit_entries where tenant_id = l.tenant_id and id = l.entry_id) e on true
where l.tenant_id = $1 and l.leaf_index >= $2 order by l.leaf_index limit $3`;

/**
 * The audit log in the order of its tree: without gaps and the same for all readers, whatever the order of ids and
 * commits. A reader that continues from an index misses nothing and gets nothing twice. Reads for several tenants, so
 * it runs as the system role.
 */
@Injectable()
export class LiveEntriesRepository {
  constructor(private readonly database: Database) {}

  async findEnds(tenantIds: readonly string[]): Promise<LogEnd[]> {
    return (await this.database.system.query<LogEnd & Record<string, unknown>>(FIND_ENDS, [tenantIds])).rows;
  }

  /** Up to `limit` leaves from `index` on, in order. */
  async list(tenantId: string, index: number, limit: number): Promise<LogPlace[]> {
    const { rows } = await this.database.system.query<LogPlace & Record<string, unknown>>(LIST, [
      tenantId,
      index,
      limit,
    ]);
    return rows;
  }

  /** The leaf index of an entry; `waiting` before it is sealed, null where there is no such entry. */
  async findPlace(tenantId: string, entryId: string): Promise<number | 'waiting' | null> {
    const { rows } = await this.database.system.query<{ index: number | null }>(
      `/* liveEntries.findPlace */
       select leaf_index::float8 as index from audit_leaves where tenant_id = $1 and entry_id = $2
       union all select null from audit_unsealed where tenant_id = $1 and entry_id = $2 limit 1`,
      [tenantId, entryId],
    );
    const [row] = rows;
    return row === undefined ? null : (row.index ?? 'waiting');
  }

  /** Entries that are recorded and not sealed yet, up to `limit`. */
  async listWaiting(tenantId: string, limit: number): Promise<string[]> {
    const { rows } = await this.database.system.query<{ id: string }>(
      `/* liveEntries.listWaiting */ select entry_id as id from audit_unsealed where tenant_id = $1 limit $2`,
      [tenantId, limit],
    );
    return rows.map(({ id }) => id);
  }
}
