import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { DAY_MS, HOUR_MS, type TimeRange, toIso } from '../../platform/time/time.js';
import { LOCK_ROLLUPS } from './rollup-lock-sql.js';
import { compareSql, deleteSql, insertSql, ROLLUP_TABLES, type RollupTable } from './reconciliation-sql.js';

/** A UTC day of a tenant whose rollup differs from the events. */
export interface RollupDifference {
  table: string;
  tenant_id: string;
  day: string;
  /** Rows of the rollup that are wrong, missing or too many. */
  rows: number;
  repaired: boolean;
}

/** A comparison reads all events of the range, and its best plan depends on the range. */
const SETTINGS = `set local statement_timeout = 0; set local work_mem = '128MB'; set local jit = off;
  set local plan_cache_mode = force_custom_plan`;

/** Longer than the pool allows. */
const LONG_TIMEOUT = { query_timeout: 6 * HOUR_MS };

/**
 * Reconciliation: compares the rollups with the events, while events come in and are counted. Comparing takes no lock:
 * a worker marks a batch processed and counts it in the same commit, so in any snapshot both agree. Repairing holds the
 * lock of one tenant's rollups for one UTC day at a time; only counting for this tenant waits meanwhile.
 */
@Injectable()
export class RecountService {
  constructor(private readonly database: Database) {}

  /** @param range is widened to whole UTC days */
  async recount(range: TimeRange, options: { repair: boolean; tenantId?: string }): Promise<RollupDifference[]> {
    const days = wholeDays(range);
    const found: RollupDifference[] = [];
    for (const table of ROLLUP_TABLES) {
      for (const wrong of await this.compare(table, days, options.tenantId ?? null)) {
        if (options.repair) await this.repair(table, wrong.tenant_id, wrong.day);
        found.push({ ...wrong, table: table.name, day: wrong.day.toISOString(), repaired: options.repair });
      }
    }
    return found;
  }

  private compare(table: RollupTable, range: TimeRange, tenantId: string | null) {
    return this.database.inSystem(async (sql) => {
      await sql.query(SETTINGS);
      const { rows } = await sql.query<{ tenant_id: string; day: Date; rows: number }>({
        text: compareSql(table),
        values: [toIso(range.from), toIso(range.to), tenantId],
        ...LONG_TIMEOUT,
      });
      return rows;
    });
  }

  private async repair(table: RollupTable, tenantId: string, day: Date): Promise<void> {
    const values = [day.toISOString(), toIso(day.getTime() + DAY_MS), tenantId];
    await this.database.inSystem(async (sql) => {
      await sql.query(SETTINGS);
      await sql.query(LOCK_ROLLUPS, [tenantId]);
      await sql.query({ text: deleteSql(table), values, ...LONG_TIMEOUT });
      await sql.query({ text: insertSql(table), values, ...LONG_TIMEOUT });
    });
  }
}

function wholeDays({ from, to }: TimeRange): TimeRange {
  return { from: Math.floor(from / DAY_MS) * DAY_MS, to: Math.ceil(to / DAY_MS) * DAY_MS };
}
