import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { writeJson } from '../../platform/json/json-text.js';
import type { Filter } from '../filters/filter.js';
import { type SavedItem, SavedItemsRepository } from '../saved/saved-items.repository.js';

export interface SavedSegment extends SavedItem {
  filters: Filter;
  updated_at: Date;
}

export type SegmentChange = Partial<Pick<SavedSegment, 'name' | 'filters'>>;

/** Runs in the transaction of a change, with the segment before and after it. */
type AlsoIn = (sql: Sql, after: SavedSegment, before: SavedSegment) => Promise<void>;

export const MAX_SEGMENTS = 100;

const COLUMNS = 'id, name, filters, created_at, updated_at';

@Injectable()
export class SegmentsRepository extends SavedItemsRepository<'filters', SavedSegment> {
  constructor(database: Database) {
    super(database, { table: 'saved_segments', content: 'filters', columns: COLUMNS, most: MAX_SEGMENTS });
  }

  /** By id, else by name in whatever case. */
  async findNamed(sql: Sql, tenantId: string, idOrName: string): Promise<SavedSegment | null> {
    const byId = isUuid(idOrName) ? await this.select(sql, tenantId, idOrName) : null;
    if (byId !== null) return byId;
    const { rows } = await sql.query<SavedSegment>(
      `/* saved_segments.findByName */
       select ${COLUMNS} from saved_segments where tenant_id = $1 and lower(name) = lower($2)`,
      [tenantId, idOrName],
    );
    return rows[0] ?? null;
  }

  /** @returns null when there is none */
  async update(tenantId: string, id: string, change: SegmentChange, alsoIn: AlsoIn): Promise<SavedSegment | null> {
    return this.database.inTenant(tenantId, async (sql) => {
      const before = await this.select(sql, tenantId, id, 'for update');
      if (before === null) return null;
      const { name = before.name, filters = before.filters } = change;
      const { rows } = await sql.query<SavedSegment>(
        `/* saved_segments.update */
         update saved_segments set name = $3, filters = $4, updated_at = now() where tenant_id = $1 and id = $2
         returning ${COLUMNS}`,
        [tenantId, id, name, writeJson(filters)],
      );
      const [after = before] = rows;
      await alsoIn(sql, after, before);
      return after;
    });
  }

  /** The name of a saved funnel with a step of this segment, or null. */
  async findFunnelOf(sql: Sql, tenantId: string, id: string): Promise<string | null> {
    const { rows } = await sql.query<{ name: string }>(
      `/* saved_segments.findFunnelOf */
       select name from saved_funnels
       where tenant_id = $1 and definition -> 'steps' @> jsonb_build_array(jsonb_build_object('segment', $2::uuid::text))
       order by id limit 1`,
      [tenantId, id],
    );
    return rows[0]?.name ?? null;
  }
}
