import type { Sql } from '../database/database.js';

export interface FeedState {
  /** Whether ClickHouse has every counted event, but for those that came or changed since `asOf`. */
  isComplete: boolean;
  asOf: Date;
}

const READ = `/* clickhouse.feedState */
select completed_at is not null as "isComplete",
  least(now(), (select min(queued_at) from clickhouse_batches where sent_at is null),
        (select min(changed_at) from clickhouse_changes where sent_version is null)) as "asOf"
from clickhouse_feeds`;

/** @returns null where no worker feeds ClickHouse */
export async function readFeedState(sql: Sql): Promise<FeedState | null> {
  const { rows } = await sql.query<FeedState>(READ);
  return rows[0] ?? null;
}
