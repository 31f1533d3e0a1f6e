import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { writeJson } from '../../platform/json/json-text.js';
import type { FunnelDefinition, FunnelStep } from '../event-store/funnel-definition.js';

export interface SavedFunnelStep extends FunnelStep {
  /** Id of a segment. */
  segment?: string;
}

/** As it is asked and saved, with the names of segments in the place of their filters. */
export interface SavedFunnelDefinition extends FunnelDefinition {
  steps: SavedFunnelStep[];
}

export interface SavedFunnel {
  id: string;
  name: string;
  definition: SavedFunnelDefinition;
  created_at: Date;
}

/** Most funnels of a tenant; the list is short enough to be read whole, and is still answered as a page. */
export const MAX_SAVED_FUNNELS = 100;

@Injectable()
export class SavedFunnelsRepository {
  constructor(private readonly database: Database) {}

  /**
   * @param alsoIn runs in the transaction that inserts
   * @returns null when the tenant has as many as allowed
   */
  async insert(
    tenantId: string,
    funnel: Pick<SavedFunnel, 'id' | 'name' | 'definition'>,
    alsoIn: (sql: Sql, inserted: SavedFunnel) => Promise<void>,
  ): Promise<SavedFunnel | null> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<SavedFunnel>(
        `/* savedFunnels.insert */
         insert into saved_funnels (tenant_id, id, name, definition)
         select $1, $2, $3, $4 where (select count(*) from saved_funnels where tenant_id = $1) < $5
         returning id, name, definition, created_at`,
        [tenantId, funnel.id, funnel.name, writeJson(funnel.definition), MAX_SAVED_FUNNELS],
      );
      const [inserted] = rows;
      if (inserted === undefined) return null;
      await alsoIn(sql, inserted);
      return inserted;
    });
  }

  /** Newest first, below the id `before`. */
  async list(sql: Sql, tenantId: string, limit: number, before?: string): Promise<SavedFunnel[]> {
    const { rows } = await sql.query<SavedFunnel>(
      `/* savedFunnels.list */
       select id, name, definition, created_at from saved_funnels
       where tenant_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
      [tenantId, before ?? null, limit],
    );
    return rows;
  }

  async find(tenantId: string, id: string): Promise<SavedFunnel | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<SavedFunnel>(
        `/* savedFunnels.find */
         select id, name, definition, created_at from saved_funnels where tenant_id = $1 and id = $2`,
        [tenantId, id],
      );
      return rows[0] ?? null;
    });
  }

  /**
   * @param alsoIn runs in the transaction that deletes
   * @returns whether there was one
   */
  async delete(
    tenantId: string,
    id: string,
    alsoIn: (sql: Sql, deleted: SavedFunnel) => Promise<void>,
  ): Promise<boolean> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<SavedFunnel>(
        `/* savedFunnels.delete */ delete from saved_funnels where tenant_id = $1 and id = $2
         returning id, name, definition, created_at`,
        [tenantId, id],
      );
      const [deleted] = rows;
      if (deleted === undefined) return false;
      await alsoIn(sql, deleted);
      return true;
    });
  }
}
