import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { printedTime } from '../../platform/database/time-sql.js';
import { ENTRY_IS_FREE } from './hold-sql.js';
import { forgetMarks } from './policies.repository.js';

export interface Hold {
  id: string;
  reason: string;
  user_id: string | null;
  /** As the API shows times. */
  from_time: string | null;
  to_time: string | null;
  created_at: Date;
  created_by: string;
  released_at: Date | null;
}

export type HoldTerms = Pick<Hold, 'id' | 'reason' | 'user_id' | 'from_time' | 'to_time'>;

/** Audit entries that would go but for holds, and those holds. */
export interface HeldEntries {
  entries: number;
  holds: string[];
}

const COLUMNS = `id, reason, user_id, ${printedTime('from_time')} as from_time, ${printedTime('to_time')} as to_time,
  created_at, created_by, released_at`;

@Injectable()
export class HoldsRepository {
  constructor(private readonly database: Database) {}

  /** Newest first, below the id `before`; released ones too. */
  list(tenantId: string, limit: number, before?: string): Promise<Hold[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<Hold>(
        `/* holds.list */ select ${COLUMNS} from retention_holds
         where tenant_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
        [tenantId, before ?? null, limit],
      );
      return rows;
    });
  }

  /** @param by client that orders it */
  async insert(sql: Sql, tenantId: string, terms: HoldTerms, by: string): Promise<Hold> {
    const { rows } = await sql.query<Hold>(
      `/* holds.insert */ insert into retention_holds (tenant_id, id, reason, user_id, from_time, to_time, created_by)
       values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
      [tenantId, terms.id, terms.reason, terms.user_id, terms.from_time, terms.to_time, by],
    );
    return rows[0]!; // it was inserted
  }

  /** What it covered is looked at again by the next run. @returns the hold, or null when none stands with this id */
  async release(sql: Sql, tenantId: string, id: string): Promise<Hold | null> {
    const { rows } = await sql.query<Hold>(
      `/* holds.release */ update retention_holds set released_at = now()
       where tenant_id = $1 and id = $2 and released_at is null returning ${COLUMNS}`,
      [tenantId, id],
    );
    await forgetMarks(sql, tenantId);
    return rows[0] ?? null;
  }

  /**
   * Holds that stand and forbid to erase a person: those on one of its user ids, and those on everybody. One on
   * somebody else forbids to change that person's records too.
   */
  async listAgainstErasure(
    sql: Sql,
    tenantId: string,
    { identities, changesOthers }: { identities: readonly string[]; changesOthers: boolean },
  ): Promise<Hold[]> {
    const { rows } = await sql.query<Hold>(
      `/* holds.listAgainstErasure */ select ${COLUMNS} from retention_holds
       where tenant_id = $1 and released_at is null and (user_id is null or user_id = any($2::text[]) or $3)
       order by id`,
      [tenantId, identities, changesOthers],
    );
    return rows;
  }

  /** Of the audit entries recorded before `olderThan`: what holds keep. */
  countHeldEntries(tenantId: string, olderThan: Date): Promise<HeldEntries> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const holds = await sql.query<{ id: string }>(
        '/* holds.listStanding */ select id from retention_holds where tenant_id = $1 and released_at is null order by id',
        [tenantId],
      );
      if (holds.rows.length === 0) return { entries: 0, holds: [] };
      const { rows } = await sql.query<{ n: number }>(
        `/* holds.countEntries */ select count(*)::float8 as n from audit_entries e
         where e.tenant_id = $1 and e.id < uuid7_lower_bound($2) and e.created_at < $2 and not (${ENTRY_IS_FREE})`,
        [tenantId, olderThan],
      );
      const entries = rows[0]?.n ?? 0;
      return { entries, holds: entries === 0 ? [] : holds.rows.map(({ id }) => id) };
    });
  }

  /** How many stand, of all tenants. */
  async countStanding(): Promise<number> {
    const { rows } = await this.database.system.query<{ n: number }>(
      '/* holds.countStanding */ select count(*)::int as n from retention_holds where released_at is null',
    );
    return rows[0]?.n ?? 0;
  }
}
