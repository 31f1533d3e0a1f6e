import { Injectable } from '@nestjs/common';
import { LOCK_ROLLUPS } from '../../analytics/rollups/rollup-lock-sql.js';
import type { Sql } from '../../platform/database/database.js';
import { HOUR_MS } from '../../platform/time/time.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';
import { DELETE_SESSIONS, DELETE_USERS, RECOUNT_SESSIONS, RECOUNT_USERS } from './rollup-eraser-sql.js';

/** Longer than the pool allows: events have no index by session, so all of some weeks may have to be read. */
const SETTINGS = `set local statement_timeout = 0`;
const LONG_TIMEOUT = { query_timeout: 6 * HOUR_MS };

/**
 * Counts the days of the subject and of its sessions again. Other people in shared sessions remain, and so do events
 * that came after the erasure. Under the lock of the tenant's rollups, so the counts are exactly those of the events.
 */
@Injectable()
export class RollupEraser {
  async recount(
    sql: Sql,
    { tenantId, id }: ClaimedErasure,
    identities: readonly string[],
  ): Promise<Record<string, number>> {
    await sql.query(SETTINGS);
    await sql.query({
      text: LOCK_ROLLUPS,
      values: [tenantId],
      ...LONG_TIMEOUT,
    });
    const users = await sql.query<{ n: number }>({
      text: DELETE_USERS,
      values: [tenantId, identities],
      ...LONG_TIMEOUT,
    });
    await sql.query({ text: RECOUNT_USERS, values: [tenantId, identities], ...LONG_TIMEOUT });
    const sessions = await sql.query<{ n: number; since: Date | null }>({
      text: DELETE_SESSIONS,
      values: [tenantId, id],
      ...LONG_TIMEOUT,
    });
    const { n = 0, since = null } = sessions.rows[0] ?? {};
    if (since !== null) {
      await sql.query({ text: RECOUNT_SESSIONS, values: [tenantId, id, since], ...LONG_TIMEOUT });
    }
    return { user_days: users.rows[0]?.n ?? 0, session_days: n };
  }
}
