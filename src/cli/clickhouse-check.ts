import { FedTables } from '../clickhouse/fed-tables.repository.js';
import { ClickHouse } from '../platform/clickhouse/clickhouse.js';
import { readFeedState } from '../platform/clickhouse/feed-state-sql.js';
import type { Config } from '../platform/config/config.js';
import type { Sql } from '../platform/database/database.js';

/** Behind by more, and somebody should look. */
const LATE_SECONDS = 60;

/** What `doctor` says of ClickHouse and its feed. */
export async function checkClickHouse(
  sql: Sql,
  config: Config,
): Promise<{ check: string; ok: boolean; detail: string }> {
  const check = 'clickhouse';
  if (config.CLICKHOUSE_URL === undefined) return { check, ok: true, detail: 'not used (CLICKHOUSE_URL is not set)' };
  const clickhouse = new ClickHouse(config);
  try {
    const found = await new FedTables(clickhouse).findFeed();
    const state = await readFeedState(sql);
    const behind = state === null ? 0 : Math.round((Date.now() - state.asOf.getTime()) / 1_000);
    if (state === null) return { check, ok: false, detail: 'no worker feeds it; start one with CLICKHOUSE_URL' };
    if (found === undefined || found === null)
      return { check, ok: false, detail: 'it has no tables; a worker makes them' };
    if (!state.isComplete) return { check, ok: false, detail: 'it lacks older events; run backfill-clickhouse' };
    const ok = behind < LATE_SECONDS;
    const detail = `has the events up to ${behind} s ago`;
    return { check, ok, detail: ok ? detail : `${detail}; does the log of the workers say why?` };
  } catch (error) {
    const detail = `${(error as Error).message}; check CLICKHOUSE_URL and that it runs. Events are safe meanwhile`;
    return { check, ok: false, detail };
  } finally {
    await clickhouse.onApplicationShutdown();
  }
}
