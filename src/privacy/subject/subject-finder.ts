import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { type Deadline, forEachPage, type Run, type RecordPage, type PagedTable } from './record-pages.repository.js';
import { bareSubject, type Subject } from './subject.js';
import {
  FIND_LINKED,
  FIND_NAMED,
  FIND_SESSIONS,
  FIND_SHARED_IDS,
  findSharedSessions,
  MAX_ANONYMOUS_IDS,
  MAX_SESSIONS,
} from './subject-finder-sql.js';

export interface FoundSubject {
  subject: Subject;
  counts: Record<string, number>;
}

/** Finds out what else belongs to somebody: anonymous ids and sessions that are tied to nobody else. */
@Injectable()
export class SubjectFinder {
  async find(run: Run, tenantId: string, userId: string, deadline: Deadline): Promise<FoundSubject> {
    const anonymous = await this.findAnonymousIds(run, tenantId, userId, deadline);
    const identities = [userId, ...anonymous.own];
    const sessions = await this.findSessions(run, { ...bareSubject(tenantId, userId), identities }, deadline);
    return {
      subject: { tenantId, userId, identities, sessions: sessions.own },
      counts: { ...anonymous.counts, ...sessions.counts },
    };
  }

  private async findAnonymousIds(run: Run, tenantId: string, userId: string, deadline: Deadline) {
    const { linked, considered, named } = await run(async (sql) => {
      const all = await ids(sql, FIND_LINKED, [tenantId, userId]);
      const some = all.slice(0, MAX_ANONYMOUS_IDS);
      return { linked: all, considered: some, named: new Set(await ids(sql, FIND_NAMED, [tenantId, some])) };
    });
    const anonymous = considered.filter((id) => !named.has(id));
    const shared = await collect(run, 'events', tenantId, anonymous, deadline, (sql, { after, upTo }) =>
      ids(sql, FIND_SHARED_IDS, [tenantId, after, upTo, userId, anonymous]),
    );
    // ids that were not checked to the end may be shared
    const own = deadline.passed ? [] : anonymous.filter((id) => !shared.has(id));
    return {
      own,
      counts: {
        anonymous_ids: own.length,
        shared_anonymous_ids: shared.size,
        linked_user_ids: named.size,
        anonymous_ids_beyond_limit: linked.length - considered.length,
      },
    };
  }

  private async findSessions(run: Run, { tenantId, userId, identities }: Subject, deadline: Deadline) {
    const found = await run((sql) => ids(sql, FIND_SESSIONS, [tenantId, identities, userId]));
    const sessions = found.slice(0, MAX_SESSIONS);
    const shared = new Set<string>();
    for (const table of ['events', 'audit_entries'] as const) {
      const inTable = await collect(run, table, tenantId, sessions, deadline, (sql, { after, upTo }) =>
        ids(sql, findSharedSessions(table), [tenantId, after, upTo, identities, sessions]),
      );
      for (const id of inTable) shared.add(id);
    }
    const own = deadline.passed ? [] : sessions.filter((id) => !shared.has(id));
    return {
      own,
      counts: {
        sessions: own.length,
        shared_sessions: shared.size,
        sessions_beyond_limit: found.length - sessions.length,
      },
    };
  }
}

/** What `find` finds in all pages of a table; nothing when there is nothing to look for. */
async function collect(
  run: Run,
  table: PagedTable,
  tenantId: string,
  wanted: readonly string[],
  deadline: Deadline,
  find: (sql: Sql, page: RecordPage) => Promise<string[]>,
): Promise<Set<string>> {
  const found = new Set<string>();
  if (wanted.length === 0) return found;
  await forEachPage(run, table, tenantId, deadline, async (sql, page) => {
    for (const id of await find(sql, page)) found.add(id);
  });
  return found;
}

async function ids(sql: Sql, text: string, values: readonly unknown[]): Promise<string[]> {
  const { rows } = await sql.query<{ id: string }>(text, values);
  return rows.map(({ id }) => id);
}
