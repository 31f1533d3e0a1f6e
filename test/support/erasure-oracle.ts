import type { TestDatabase } from './database.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What the database holds of a tenant: table and key → version of the row. Each update makes a new one, were it the same to the byte. */
export type Snapshot = ReadonlyMap<string, string>;

/** Written by sealing and by the erasure itself; what they must say is checked elsewhere. */
const OWN_BOOKS = ['privacy_erasures', 'audit_leaves', 'audit_nodes', 'audit_trees', 'audit_checkpoints'];

/** One statement that reads every row of every table with a tenant. */
export async function snapshotSql(database: TestDatabase): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname <> all($1) order by 1`,
    [OWN_BOOKS],
  );
  return tables
    .map(
      ({
        name,
      }) => `select '${name} ' || coalesce(nullif(concat_ws(' ', ${keyOf(name)}), ''), t::text) as key, t.tableoid || ' ' || t.ctid || ' ' || t.xmin as row
      from ${name} t where tenant_id = $1`,
    )
    .join(' union all ');
}

const keyOf = (table: string) =>
  ({
    events: 't.id',
    audit_entries: 't.id',
    api_audit_logs: 't.id',
    user_days: 't.day, t.user_key',
    session_days: 't.day, t.session_key',
    event_contexts: 't.id',
    failed_events: 't.event_id',
    event_patches: 't.event_id, t.id',
    saved_funnels: 't.id',
    saved_segments: 't.id',
    audit_keys: 't.id',
  })[table] ?? `''`;

export async function snapshot(database: TestDatabase, sql: string, tenantId: string): Promise<Snapshot> {
  const rows = await database.query<{ key: string; row: string }>(sql, [tenantId]);
  return new Map(rows.map(({ key, row }) => [key, row]));
}

/** Keys of the rows that were changed, removed or added. */
export function changedKeys(before: Snapshot, after: Snapshot): string[] {
  const changed: string[] = [];
  for (const [key, row] of before) if (after.get(key) !== row) changed.push(key);
  for (const key of after.keys()) if (!before.has(key)) changed.push(key);
  return changed.sort();
}

export interface KnownEvent {
  id: string;
  client_id: string;
  event_id: string;
  event_type: string;
  user_id: string | null;
  session_id: string | null;
  payload: Json;
  enrichment: Json;
}

export interface KnownEntry {
  id: string;
  source: string;
  user_id: string | null;
  session_id: string | null;
  resource_id: string | null;
  message: string | null;
  before_state: Json;
  after_state: Json;
  metadata: Json;
}

export interface KnownCall {
  id: string;
  client_id: string | null;
  path: string;
  route: string | null;
  ip: string | null;
  user_agent: string | null;
}

/** What the oracle judges by: the rows as they are before an erasure. */
export interface Records {
  events: KnownEvent[];
  entries: KnownEntry[];
  calls: KnownCall[];
}

const ALL = '00000000-0000-0000-0000-000000000000';

/** @param ids only these */
export async function readRecords(database: TestDatabase, tenantId: string, ids = [ALL]): Promise<Records> {
  const read = <Row extends object>(columns: string, table: string) =>
    database.query<Row & Record<string, unknown>>(
      `select ${columns} from ${table} where tenant_id = $1 and (id = any($2) or $3 = any($2)) order by id`,
      [tenantId, ids, ALL],
    );
  const state = 'resource_id, message, before_state, after_state, metadata';
  return {
    events: await read('id, client_id, event_id, event_type, user_id, session_id, payload, enrichment', 'events'),
    entries: await read(`id, source, user_id, session_id, ${state}`, 'audit_entries'),
    calls: await read('id, client_id, path, route, ip, user_agent', 'api_audit_logs'),
  };
}

/** The records after some of them changed. */
export function withChanges(before: Records, changed: Records): Records {
  const update = <Row extends { id: string }>(rows: Row[], fresh: Row[]) => {
    const byId = new Map(fresh.map((row) => [row.id, row]));
    return rows.map((row) => byId.get(row.id) ?? row);
  };
  return {
    events: update(before.events, changed.events),
    entries: update(before.entries, changed.entries),
    calls: update(before.calls, changed.calls),
  };
}

/** What an erasure must reach, found from the records by plain loops: no statement of the service is used. */
export interface Expected {
  identities: Set<string>;
  sessions: Set<string>;
  events: Set<string>;
  sessionsOfEvents: Set<string>;
  entries: Set<string>;
  callRows: Set<string>;
  callPaths: Set<string>;
  mentionsInEvents: Set<string>;
  mentionsInEntries: Set<string>;
  mentionsInCalls: Set<string>;
}

export function expectedOf(subject: string, { events, entries, calls }: Records): Expected {
  const identities = new Set([subject, ...anonymousIds(subject, events, entries)]);
  const sessions = ownSessions(identities, [...events, ...entries]);
  const isOwn = ({ user_id, session_id }: { user_id: string | null; session_id: string | null }) =>
    user_id === null ? session_id !== null && sessions.has(session_id) : identities.has(user_id);
  const ownEvents = events.filter(isOwn);
  const others = events.filter((event) => !isOwn(event));
  const ownIds = ids([...ownEvents, ...entries.filter(isOwn)]);
  const eventIds = new Set(ownEvents.map((event) => `${event.client_id} ${event.event_id}`));
  const isPath = (call: KnownCall) =>
    valuesOf(call).some(
      ({ name, value }) =>
        (name === ':user_id' && same(value, subject)) ||
        (name === ':id' && call.route!.startsWith('/api/v1/events/:id') && eventIds.has(`${call.client_id} ${value}`)),
    );
  return {
    identities,
    sessions,
    events: ids(ownEvents),
    sessionsOfEvents: new Set(ownEvents.flatMap(({ session_id }) => session_id ?? [])),
    entries: ids(entries.filter(isOwn)),
    callRows: ids(calls.filter(({ id, ip, user_agent }) => ownIds.has(id) && (ip ?? user_agent) !== null)),
    callPaths: ids(calls.filter(isPath)),
    mentionsInEvents: ids(
      others.filter(({ payload, enrichment }) => names(payload, subject) || names(enrichment, subject)),
    ),
    mentionsInEntries: ids(entries.filter((entry) => !isOwn(entry) && entryNames(entry, subject))),
    mentionsInCalls: ids(
      calls.filter((call) => !isPath(call) && valuesOf(call).some(({ value }) => same(value, subject))),
    ),
  };
}

const ids = (rows: readonly { id: string }[]) => new Set(rows.map(({ id }) => id));

const linksOf = ({ event_type, payload }: KnownEvent): string[] => {
  const { anonymousId, previousId } = payload as { anonymousId?: string; previousId?: string };
  return [anonymousId, event_type === 'alias' ? previousId : undefined].filter((id) => typeof id === 'string');
};

function anonymousIds(subject: string, events: KnownEvent[], entries: KnownEntry[]): string[] {
  const linked = new Set(events.filter(({ user_id }) => user_id === subject).flatMap(linksOf));
  return [...linked].filter(
    (id) =>
      id !== subject &&
      !entries.some(({ user_id }) => user_id === id) &&
      events.every(
        (event) =>
          (event.user_id !== id || (event.payload as { anonymousId?: string }).anonymousId === id) &&
          (event.user_id === null || event.user_id === subject || event.user_id === id || !linksOf(event).includes(id)),
      ),
  );
}

function ownSessions(identities: Set<string>, records: { user_id: string | null; session_id: string | null }[]) {
  const found = new Set<string>();
  for (const { user_id, session_id } of records) {
    if (session_id !== null && user_id !== null && identities.has(user_id)) found.add(session_id);
  }
  for (const { user_id, session_id } of records) {
    if (session_id !== null && user_id !== null && !identities.has(user_id)) found.delete(session_id);
  }
  return found;
}

const isAddress = (text: string) => /^[^@\s]+@[^@\s]+$/.test(text);

const same = (text: string, subject: string) =>
  text === subject || (isAddress(subject) && text.toLowerCase() === subject.toLowerCase());

const IDENTIFYING = new Set(
  `user_id userId userID user uid user_ids userIds customer_id customerId customer member_id memberId person_id personId
   subject subject_id subjectId distinct_id distinctId anonymousId previousId`.split(/\s+/),
);

/** Whether a whole value is the subject. */
export function names(value: Json, subject: string, identifying = false): boolean {
  if (typeof value === 'string') return same(value, subject);
  if (typeof value === 'number') return identifying && Number.isInteger(value) && String(value) === subject;
  if (value === null || typeof value === 'boolean') return false;
  if (Array.isArray(value)) return value.some((item) => names(item, subject, identifying && typeof item === 'number'));
  return Object.entries(value).some(([key, item]) => names(item, subject, IDENTIFYING.has(key)));
}

/** The value as `mentions: redact` must leave it. */
export function redact(value: Json, subject: string, identifying = false): Json {
  if (typeof value !== 'object' || value === null) return names(value, subject, identifying) ? '[redacted]' : value;
  if (Array.isArray(value)) return value.map((item) => redact(item, subject, identifying && typeof item === 'number'));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redact(item, subject, IDENTIFYING.has(key))]),
  );
}

const entryNames = ({ resource_id, message, before_state, after_state, metadata }: KnownEntry, subject: string) =>
  [resource_id, message, before_state, after_state, metadata].some((value) => names(value, subject));

/** Parameters of a path that has a route, and every part of one that has none. */
function valuesOf({ path, route }: KnownCall): { name: string; value: string }[] {
  const parts = route === null ? [] : route.split('/');
  return path
    .split('/')
    .map((part, n) => ({ name: parts[n] ?? '', value: decodeURIComponent(part) }))
    .filter(({ name, value }) => value !== '' && (route === null || name.startsWith(':')));
}
