import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { TopUser } from '../counts/active-subjects.repository.js';
import { IS_COUNTED } from '../rollups/counted-events-sql.js';

export interface FilteredSubjects {
  users: number;
  sessions: number;
  /** Events that have a user. */
  userEvents: number;
  top: TopUser[];
}

interface Row {
  users: number;
  sessions: number;
  user_events: number;
  top: TopUser[] | null;
}

/** From the events themselves, found by their types: the rows per user and session have neither client nor type. */
const COUNT = `/* filteredSubjects.count */
with matching as materialized (
  select e.user_id, e.session_id from (
    select * from events
    where tenant_id = $1 and event_type = any ($2) and event_time >= $3 and event_time < $4
      and ($5::text is null or client_id = $5)
    offset 0
  ) e where ${IS_COUNTED}
), top as (
  select user_id, count(*)::float8 as count from matching where user_id is not null
  group by user_id order by count(*) desc, user_id collate "C" limit $6
)
select (select count(distinct user_id)::float8 from matching) as users,
       (select count(distinct session_id)::float8 from matching) as sessions,
       (select count(user_id)::float8 from matching) as user_events,
       (select json_agg(json_build_object('user_id', user_id, 'count', count) order by count desc, user_id collate "C")
        from top) as top`;

/** Users and sessions of filtered events. For events few enough to be read; the caller knows their number. */
@Injectable()
export class FilteredSubjectsRepository {
  async count(
    sql: Sql,
    tenantId: string,
    { from, to }: TimeRange,
    filter: { types: readonly string[]; clientId: string | undefined; limit: number },
  ): Promise<FilteredSubjects> {
    const { rows } = await sql.query<Row>(COUNT, [
      ...[tenantId, filter.types, toIso(from), toIso(to)],
      ...[filter.clientId ?? null, filter.limit],
    ]);
    const { users = 0, sessions = 0, user_events: userEvents = 0, top = null } = rows[0] ?? {};
    return { users, sessions, userEvents, top: top ?? [] };
  }
}
