import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { writeJson } from '../../platform/json/json-text.js';
import type { Filter } from '../filters/filter.js';

export interface SavedSegment {
  id: string;
  name: string;
  filters: Filter;
  created_at: Date;
  updated_at: Date;
}

export type SegmentChange = Partial<Pick<SavedSegment, 'name' | 'filters'>>;

/** Runs in the transaction of a change, with the segment before and after it. */
type AlsoIn = (sql: Sql, after: SavedSegment, before: SavedSegment) => Promise<void>;

export const MAX_SEGMENTS = 100;

const COLUMNS = 'id, name, filters, created_at, updated_at';

@Injectable()
export class SegmentsRepository {
  constructor(private readonly database: Database) {}

  /** @returns null when the tenant has as many as allowed */
  async insert(
    tenantId: string,
    segment: Pick<SavedSegment, 'id' | 'name' | 'filters'>,
    alsoIn: (sql: Sql, inserted: SavedSegment) => Promise<void>,
  ): Promise<SavedSegment | null> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<SavedSegment>(
        `/* segments.insert */
         insert into saved_segments (tenant_id, id, name, filters)
         select $1, $2, $3, $4 where (select count(*) from saved_segments where tenant_id = $1) < $5
         returning ${COLUMNS}`,
        [tenantId, segment.id, segment.name, writeJson(segment.filters), MAX_SEGMENTS],
      );
      const [inserted] = rows;
      if (inserted === undefined) return null;
      await alsoIn(sql, inserted);
      return inserted;
    });
  }

  /** Newest first, below the id `before`. */
  async list(tenantId: string, limit: number, before?: string): Promise<SavedSegment[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<SavedSegment>(
        `/* segments.list */
         select ${COLUMNS} from saved_segments
         where tenant_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
        [tenantId, before ?? null, limit],
      );
      return rows;
    });
  }

  async find(tenantId: string, id: string): Promise<SavedSegment | null> {
    return this.database.readInTenant(tenantId, async (sql) => (await select(sql, tenantId, id)) ?? null);
  }

  /** By id, else by name in whatever case. */
  async findNamed(sql: Sql, tenantId: string, idOrName: string): Promise<SavedSegment | null> {
    const byId = isUuid(idOrName) ? await select(sql, tenantId, idOrName) : undefined;
    if (byId !== undefined) return byId;
    const { rows } = await sql.query<SavedSegment>(
      `/* segments.findByName */
       select ${COLUMNS} from saved_segments where tenant_id = $1 and lower(name) = lower($2)`,
      [tenantId, idOrName],
    );
    return rows[0] ?? null;
  }

  /** @returns null when there is none */
  async update(tenantId: string, id: string, change: SegmentChange, alsoIn: AlsoIn): Promise<SavedSegment | null> {
    return this.database.inTenant(tenantId, async (sql) => {
      const before = await select(sql, tenantId, id, 'for update');
      if (before === undefined) return null;
      const { name = before.name, filters = before.filters } = change;
      const { rows } = await sql.query<SavedSegment>(
        `/* segments.update */
         update saved_segments set name = $3, filters = $4, updated_at = now() where tenant_id = $1 and id = $2
         returning ${COLUMNS}`,
        [tenantId, id, name, writeJson(filters)],
      );
      const [after = before] = rows;
      await alsoIn(sql, after, before);
      return after;
    });
  }

  /**
   * @param check runs before, in the same transaction, and throws where the segment has to stay
   * @returns whether there was one
   */
  async delete(
    tenantId: string,
    id: string,
    check: (sql: Sql) => Promise<void>,
    alsoIn: (sql: Sql, deleted: SavedSegment) => Promise<void>,
  ): Promise<boolean> {
    return this.database.inTenant(tenantId, async (sql) => {
      await check(sql);
      const { rows } = await sql.query<SavedSegment>(
        `/* segments.delete */ delete from saved_segments where tenant_id = $1 and id = $2 returning ${COLUMNS}`,
        [tenantId, id],
      );
      const [deleted] = rows;
      if (deleted === undefined) return false;
      await alsoIn(sql, deleted);
      return true;
    });
  }

  /** The name of a saved funnel with a step of this segment, or null. */
  async findFunnelOf(sql: Sql, tenantId: string, id: string): Promise<string | null> {
    const { rows } = await sql.query<{ name: string }>(
      `/* segments.findFunnelOf */
       select name from saved_funnels
       where tenant_id = $1 and definition -> 'steps' @> jsonb_build_array(jsonb_build_object('segment', $2::uuid::text))
       order by id limit 1`,
      [tenantId, id],
    );
    return rows[0]?.name ?? null;
  }
}

async function select(sql: Sql, tenantId: string, id: string, lock: '' | 'for update' = '') {
  const { rows } = await sql.query<SavedSegment>(
    `/* segments.find */ select ${COLUMNS} from saved_segments where tenant_id = $1 and id = $2 ${lock}`,
    [tenantId, id],
  );
  return rows[0];
}
