import { Injectable } from '@nestjs/common';
import { awaitHolds, coversTime } from '../../audit/preservation/hold-sql.js';
import { Database, type Sql, sqlState } from '../../platform/database/database.js';

/** Tables in monthly partitions by id, whose months can be dropped. */
export type Partitioned = 'events' | 'ingest_batches' | 'api_audit_logs';

export interface Partition {
  parent: Partitioned;
  name: string;
  /** First day of its month, UTC. */
  month: Date;
  /** First moment of the month after. */
  end: Date;
}

/** Somebody held the table for too long. */
export const IN_USE = Symbol('in use');

const LOCK_NOT_AVAILABLE = '55P03';

/** A dropped month leaves no trace of its events by which they would be removed one by one. */
const REMOVE_FROM_CLICKHOUSE = `/* partitions.removeFromClickHouse */
insert into clickhouse_removals (from_id, to_id)
select uuid7_lower_bound($1), uuid7_lower_bound($2) where exists (select from clickhouse_feeds)`;

@Injectable()
export class PartitionsRepository {
  constructor(private readonly database: Database) {}

  /** Makes those of this month and the next two. @returns how many there were to make */
  async ensure(): Promise<number> {
    const { rows } = await this.database.system.query<{ created: number }>(
      '/* partitions.ensure */ select ensure_partitions(now(), 3) as created',
    );
    return rows[0]?.created ?? 0;
  }

  /** The months of a table that end at or before `end`, oldest first. */
  async listEnded(parent: Partitioned, end: Date): Promise<Partition[]> {
    const { rows } = await this.database.system.query<{ name: string }>(
      `/* partitions.list */ select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = $1::regclass order by 1`,
      [parent],
    );
    return rows.map(({ name }) => toPartition(parent, name)).filter((partition) => partition.end <= end);
  }

  /**
   * @param mustStay asked in the transaction that drops, in which no hold can be ordered
   * @param waitMs how long everybody may wait behind the drop, which waits for the table
   * @returns bytes given back, or null where it must stay
   */
  async drop(
    { parent, month, end }: Partition,
    mustStay: (sql: Sql) => Promise<boolean>,
    waitMs: number,
  ): Promise<number | null | typeof IN_USE> {
    try {
      return await this.database.inSystem(async (sql) => {
        await awaitHolds(sql);
        if (await mustStay(sql)) return null;
        const { rows } = await sql.query<{ bytes: number }>(
          '/* partitions.drop */ select drop_expired_partition($1, $2, $3)::float8 as bytes',
          [parent, month.toISOString().slice(0, 10), waitMs],
        );
        if (parent === 'events') await sql.query(REMOVE_FROM_CLICKHOUSE, [month, end]);
        return rows[0]?.bytes ?? 0;
      });
    } catch (error) {
      if (sqlState(error) === LOCK_NOT_AVAILABLE) return IN_USE;
      throw error;
    }
  }

  /** Whether a month of a table has a row. */
  async hasRows(sql: Sql, { parent, month, end }: Partition): Promise<boolean> {
    const { rows } = await sql.query(
      `/* partitions.hasRows */
       select from ${parent} where id >= uuid7_lower_bound($1) and id < uuid7_lower_bound($2) limit 1`,
      [month, end],
    );
    return rows.length > 0;
  }

  /** Whether a month of the call log has a row that a hold covers: one on everybody. */
  async hasHeldCalls(sql: Sql, { month, end }: Partition): Promise<boolean> {
    const { rows } = await sql.query(
      `/* partitions.hasHeldCalls */ select from retention_holds h
       cross join lateral (
         select from api_audit_logs c where c.tenant_id = h.tenant_id and c.id >= uuid7_lower_bound($1)
           and c.id < uuid7_lower_bound($2) and ${coversTime('c.timestamp')} limit 1) held
       where h.released_at is null and h.user_id is null limit 1`,
      [month, end],
    );
    return rows.length > 0;
  }

  /** Rows of a month, and bytes with its indexes. */
  async measure({ parent, name, month, end }: Partition): Promise<{ rows: number; bytes: number }> {
    const { rows } = await this.database.system.query<{ rows: number; bytes: number }>(
      `/* partitions.measure */ select count(*)::float8 as rows, pg_total_relation_size($3::regclass)::float8 as bytes
       from ${parent} where id >= uuid7_lower_bound($1) and id < uuid7_lower_bound($2)`,
      [month, end, name],
    );
    return rows[0]!; // an aggregate has one row
  }
}

function toPartition(parent: Partitioned, name: string): Partition {
  const [, year = '', month = ''] = /_(\d{4})_(\d\d)$/.exec(name) ?? [];
  const start = Date.UTC(Number(year), Number(month) - 1);
  return { parent, name, month: new Date(start), end: new Date(Date.UTC(Number(year), Number(month))) };
}
