import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { type Deadline, forEachPage, type Run, type RecordPage, type PagedTable } from './record-pages.js';
import { bareSubject, type Subject } from './subject.js';

/** An id with more is not a person but a value that many devices share, like "0". */
const MAX_ANONYMOUS_IDS = 1_000;
const MAX_SESSIONS = 10_000;

export interface FoundSubject {
  subject: Subject;
  counts: Record<string, number>;
}

/** Other ids of its person that an event carries: Segment's anonymousId, and previousId of alias. */
const LINKED = `lateral (values (e.payload ->> 'anonymousId'),
  (case when e.event_type = 'alias' then e.payload ->> 'previousId' end)) as linked (id)`;

const FIND_LINKED = `/* erasure.findLinked */
select distinct linked.id from events e, ${LINKED}
where e.tenant_id = $1 and e.user_id = $2 and linked.id <> $2 and length(linked.id) between 1 and 255
limit ${MAX_ANONYMOUS_IDS + 1}`;

/**
 * An id is a user id if any record under it came with a userId. A key that sends events can link any two ids, and must
 * not get another person erased by that.
 */
const FIND_NAMED = `/* erasure.findNamed */
select id from unnest($2::text[]) as linked (id)
where exists (select from events e where e.tenant_id = $1 and e.user_id = linked.id
              and e.payload ->> 'anonymousId' is distinct from linked.id)
   or exists (select from audit_entries a where a.tenant_id = $1 and a.user_id = linked.id)`;

const FIND_SHARED_IDS = `/* erasure.findSharedIds */
select distinct linked.id from events e, ${LINKED}
where e.tenant_id = $1 and e.id > $2 and e.id <= $3
  and linked.id in (select unnest($5::text[])) and e.user_id <> $4 and e.user_id <> linked.id`;

const FIND_SESSIONS = `/* erasure.findSessions */
select session_id as id from (
  select session_id from events where tenant_id = $1 and user_id = any($2::text[])
  union select session_id from audit_entries where tenant_id = $1 and user_id = $3) s
where session_id is not null limit ${MAX_SESSIONS + 1}`;

const findSharedSessions = (table: 'events' | 'audit_entries') => `/* erasure.findSharedSessions ${table} */
select distinct session_id as id from ${table}
where tenant_id = $1 and id > $2 and id <= $3
  and session_id in (select unnest($5::text[])) and user_id <> all($4::text[])`;

/** Finds what else belongs to the subject: anonymous ids and sessions that are tied to nobody else. */
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
