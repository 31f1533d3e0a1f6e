import { Injectable } from '@nestjs/common';
import { awaitHolds, unlessHeld } from '../../audit/preservation/hold-sql.js';
import { Database } from '../../platform/database/database.js';
import type { RowRule } from '../rules/retention-rules.js';
import type { CountedMonth } from './event-removal.repository.js';
import { BY_KEY } from './event-removal.repository.js';

/** Rows that go by a {@link RowRule}; table, key and conditions are those of the rule, never a caller's. */
@Injectable()
export class RowRemovalRepository {
  constructor(private readonly database: Database) {}

  /** @returns how many rows were removed, at most `limit`, and their bytes */
  removePage(
    table: string,
    rule: RowRule,
    tenantId: string,
    before: Date,
    limit: number,
  ): Promise<{ rows: number; bytes: number }> {
    const key = rule.key.join(', ');
    const same = rule.key.map((column) => `t.${column} = d.${column}`).join(' and ');
    return this.database.inSystem(async (sql) => {
      await sql.query(BY_KEY);
      await awaitHolds(sql);
      const { rows } = await sql.query<{ rows: number; bytes: number }>(
        `/* retention.removeRows ${table} */ with doomed as materialized (
           select ${key} from ${table} t where ${pastOf(rule)} and ${isFree(rule)} order by ${key} limit $3
         ), gone as (
           delete from ${table} t using doomed d where t.tenant_id = $1 and ${same} returning pg_column_size(t.*) as bytes
         ) select count(*)::int as rows, coalesce(sum(bytes), 0)::float8 as bytes from gone`,
        [tenantId, before, limit],
      );
      return rows[0]!; // an aggregate has one row
    });
  }

  /** What {@link removePage} would remove, and what it would leave for a hold, by month. */
  async count(table: string, rule: RowRule, tenantId: string, before: Date): Promise<CountedMonth[]> {
    const { rows } = await this.database.system.query<CountedMonth>(
      `/* retention.countRows ${table} */
       select month, count(*) filter (where is_free)::float8 as rows, count(*) filter (where not is_free)::float8 as held,
              coalesce(sum(bytes) filter (where is_free), 0)::float8 as bytes
       from (select to_char(t.${rule.time} at time zone 'UTC', 'YYYY-MM') as month, pg_column_size(t.*) as bytes,
                    ${isFree(rule)} as is_free
             from ${table} t where ${pastOf(rule)}) counted
       group by month order by month`,
      [tenantId, before],
    );
    return rows;
  }

  /**
   * The oldest time that an event of the tenant is of, or was recorded at; null without events. Counts of later times
   * must stay, or they would differ from the events.
   */
  async findOldestEvent(tenantId: string): Promise<Date | null> {
    const { rows } = await this.database.system.query<{ oldest: Date | null }>(
      `/* retention.findOldestEvent */ select least(
         (select min(first.event_time) from (select distinct event_type from event_totals_day where tenant_id = $1) t
          cross join lateral (select e.event_time from events e where e.tenant_id = $1 and e.event_type = t.event_type
                              order by e.event_time limit 1) first),
         (select e.received_at from events e where e.tenant_id = $1 order by e.id limit 1)) as oldest`,
      [tenantId],
    );
    return rows[0]?.oldest ?? null;
  }
}

const pastOf = ({ past }: RowRule) => `t.tenant_id = $1 and ${past}`;

const isFree = ({ held }: RowRule) => (held === undefined ? 'true' : unlessHeld('$1', held));
