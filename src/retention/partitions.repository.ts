import type { Sql } from '../platform/database/database.js';

/** Makes the partitions of this month and the next two. @returns how many were missing */
export async function ensurePartitions(sql: Sql): Promise<number> {
  const { rows } = await sql.query<{ created: number }>(
    '/* partitions.ensure */ select ensure_partitions(now(), 3) as created',
  );
  return rows[0]?.created ?? 0;
}
