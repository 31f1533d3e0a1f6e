import type { Sql } from '../../platform/database/database.js';
import type { RecordPage } from './record-pages.repository.js';
import { foldsCase, namesIn, needleOf, type Subject } from './subject.js';

/** What a page of records holds of the subject. */
export interface Scan {
  /** Ids of the subject's own records. */
  own: string[];
  /** Ids of other people's records in which a whole value is the subject. */
  naming: string[];
  /** Other people's records that have it only inside a longer text. */
  inText: number;
  /** User ids that are the same e-mail address in other upper and lower case, with the number of their records. */
  spellings: string[];
  spelled: number;
}

/**
 * Parameters of every scan: $1 tenant, $2 and $3 the page, $4 user id, $5 case folds, $6 needle, $7 identities, $8
 * sessions.
 */
function scanValues({ tenantId, userId, identities, sessions }: Subject, { after, upTo }: RecordPage): unknown[] {
  return [tenantId, after, upTo, userId, foldsCase(userId), needleOf(userId), identities, sessions];
}

const MENTION = { user: '$4::text', fold: '$5::boolean', needle: '$6::text' };

/** A record without a user belongs to the only user of its session. */
const OWN = `(coalesce(user_id in (select unnest($7::text[])), false)
  or (user_id is null and coalesce(session_id in (select unnest($8::text[])), false)))`;

const SUMMARY = `
select coalesce(array_agg(id) filter (where own), '{}') as own,
       coalesce(array_agg(id) filter (where not own and names = 2), '{}') as naming,
       (count(*) filter (where not own and names = 1))::int as "inText",
       coalesce(array_agg(distinct user_id) filter (where spelled), '{}') as spellings,
       (count(*) filter (where spelled))::int as spelled
from scanned`;

const SPELLED = 'not own and $5 and coalesce(lower(user_id) = lower($4), false)';

const SCAN_EVENTS = `/* erasure.scanEvents */
with page as (
  select id, user_id, payload, enrichment, ${OWN} as own
  from events where tenant_id = $1 and id > $2 and id <= $3
), scanned as (
  select id, user_id, own, ${SPELLED} as spelled,
         case when own then 0 else greatest(${namesIn('payload', MENTION)}, ${namesIn('enrichment', MENTION)}) end as names
  from page
)${SUMMARY}`;

/** Whether a text of an entry names the subject, and how; like json_names. */
const textNames = (column: string) =>
  `case when text_names(${column}, $4, $5) then 2
        when strpos(case when $5 then lower(${column}) else ${column} end, case when $5 then lower($4) else $4 end) > 0
        then 1 else 0 end`;

const SCAN_ENTRIES = `/* erasure.scanEntries */
with page as (
  select id, user_id, resource_id, message, before_state, after_state, metadata, ${OWN} as own
  from audit_entries where tenant_id = $1 and id > $2 and id <= $3
), scanned as (
  select id, user_id, own, ${SPELLED} as spelled,
         case when own then 0 else greatest(${textNames('resource_id')}, ${textNames('message')},
           ${['before_state', 'after_state', 'metadata'].map((column) => namesIn(column, MENTION)).join(', ')}) end as names
  from page
)${SUMMARY}`;

/** Parameters of a scan of calls: $1 tenant, $2 and $3 the page, $4 user id, $5 case folds, $6 identities. */
function callValues({ tenantId, userId, identities }: Subject, { after, upTo }: RecordPage): unknown[] {
  return [tenantId, after, upTo, userId, foldsCase(userId), identities];
}

/**
 * SQL for the ids that clients gave to the subject's events, with the client: read from them, or noted while they were
 * erased.
 */
const EVENT_IDS_OF_EVENTS = `
  select client_id, event_id from events where tenant_id = $1 and user_id = any($6::text[])`;
const EVENT_IDS_NOTED = `
  select client_id, value as event_id from privacy_erasure_values
  where tenant_id = $1 and erasure_id = $7 and kind = 'event_id'`;

/**
 * A path belongs to the subject where a parameter of its route is a user id or one of the subject's events; the subject
 * at any other place is a mention. Most routes have no parameter.
 */
const scanCalls = (eventIds: string) => `/* erasure.scanCalls */
with event_ids as materialized (${eventIds}), given as (
  select c.id, path_value_names(g.value, g.cut, $4::text, $5::boolean) as named,
         (g.name = ':user_id' and (g.value = any($6::text[]) or path_value_names(g.value, g.cut, $4::text, $5::boolean)))
           or (c.route like '/api/v1/events/:id%' and (c.client_id, g.value) in (select * from event_ids)) as own
  from api_audit_logs c cross join lateral path_values(c.path, c.route) g
  where c.tenant_id = $1 and c.id > $2 and c.id <= $3 and (c.route is null or c.route like '%/:%')
), scanned as (
  select id, null::text as user_id, false as spelled, bool_or(own) as own, case when bool_or(named) then 2 else 0 end as names
  from given group by id
)${SUMMARY}`;

export const scanEvents = (sql: Sql, subject: Subject, page: RecordPage) =>
  scan(sql, SCAN_EVENTS, scanValues(subject, page));

export const scanEntries = (sql: Sql, subject: Subject, page: RecordPage) =>
  scan(sql, SCAN_ENTRIES, scanValues(subject, page));

/** Before the subject's events are erased. */
export const scanCallsByEvents = (sql: Sql, subject: Subject, page: RecordPage) =>
  scan(sql, scanCalls(EVENT_IDS_OF_EVENTS), callValues(subject, page));

/** After they were. */
export const scanCallsByNotes = (sql: Sql, subject: Subject, page: RecordPage, erasureId: string) =>
  scan(sql, scanCalls(EVENT_IDS_NOTED), [...callValues(subject, page), erasureId]);

async function scan(sql: Sql, text: string, values: readonly unknown[]): Promise<Scan> {
  const { rows } = await sql.query<{ [K in keyof Scan]: Scan[K] }>(text, values);
  return rows[0]!; // an aggregate without group by has one row
}
