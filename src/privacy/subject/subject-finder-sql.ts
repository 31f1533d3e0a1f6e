/** Whoever has more is a number that many devices share, like "0". */
export const MAX_ANONYMOUS_IDS = 1_000;
export const MAX_SESSIONS = 10_000;

/** What an event says of other names of whoever it is about: Segment's anonymousId, and previousId of alias. */
const LINKED = `lateral (values (e.payload ->> 'anonymousId'),
  (case when e.event_type = 'alias' then e.payload ->> 'previousId' end)) as linked (id)`;

export const FIND_LINKED = `/* erasure.findLinked */
select distinct linked.id from events e, ${LINKED}
where e.tenant_id = $1 and e.user_id = $2 and linked.id <> $2 and length(linked.id) between 1 and 255
limit ${MAX_ANONYMOUS_IDS + 1}`;

/**
 * An id is a person's own name if anything was recorded under it that did not come without a userId. A key that sends
 * events can link any two ids, and must not get somebody erased by that.
 */
export const FIND_NAMED = `/* erasure.findNamed */
select id from unnest($2::text[]) as linked (id)
where exists (select from events e where e.tenant_id = $1 and e.user_id = linked.id
              and e.payload ->> 'anonymousId' is distinct from linked.id)
   or exists (select from audit_entries a where a.tenant_id = $1 and a.user_id = linked.id)`;

export const FIND_SHARED_IDS = `/* erasure.findSharedIds */
select distinct linked.id from events e, ${LINKED}
where e.tenant_id = $1 and e.id > $2 and e.id <= $3
  and linked.id in (select unnest($5::text[])) and e.user_id <> $4 and e.user_id <> linked.id`;

export const FIND_SESSIONS = `/* erasure.findSessions */
select session_id as id from (
  select session_id from events where tenant_id = $1 and user_id = any($2::text[])
  union select session_id from audit_entries where tenant_id = $1 and user_id = $3) s
where session_id is not null limit ${MAX_SESSIONS + 1}`;

export const findSharedSessions = (table: 'events' | 'audit_entries') => `/* erasure.findSharedSessions ${table} */
select distinct session_id as id from ${table}
where tenant_id = $1 and id > $2 and id <= $3
  and session_id in (select unnest($5::text[])) and user_id <> all($4::text[])`;
