import { queryByKey, type Sql } from '../../platform/database/database.js';
import type { EntryFilter, Position } from './entry-filter.js';
import { endOf, inWindow, partsOf, type TimeWindow, windowsBefore, startOf } from './entry-time-windows.js';
import {
  conditions,
  fieldConditions,
  NEWEST_FIRST,
  oldestId,
  SEARCH_VIEW,
  textConditions,
  timeConditions,
} from './entry-sql.js';
import { type ReadFilter, readTerms, shapeOfSearch } from './search-terms.repository.js';
import { Parameters } from '../../platform/database/sql-parameters.js';

/**
 * Entries looked at one by one before the search index is asked: a word in one of twenty fills a page of 50 from them.
 */
const WALKED = 1_000;
/** Most matches of the index for one window; more are too many to sort. */
const MAX_MATCHES = 2_000;
/** Shorter parts have no trigram. */
const SHORTEST_INDEXED_PART = 3;
const MAX_PIECES = 4;
/** What the conditions on text are about. */
const SEARCHED_COLUMNS = `id, occurred_at, search, message, resource_type, resource_id, functionality, event_type,
      before_state, after_state, metadata`;

interface Walk {
  ids: string[];
  walked: number;
  /** The oldest entry walked; null when there was none. */
  occurred_at: string | null;
  id: string | null;
  /** When it happened, and how long before the newest walked, in seconds. */
  at_s: number;
  span_s: number;
  /** How many of the walked messages contain each piece of the search text. */
  frequencies: number[];
}

interface Answer {
  ids: string[];
  /** How many windows were read, up to a full page or to a window with too many matches. */
  windows: number;
  /** Whether the window after them has too many matches. */
  is_overfull: boolean;
}

/** A search of one tenant in one transaction. */
interface Search {
  sql: Sql;
  tenantId: string;
  filter: ReadFilter;
  /**
   * Pieces of the search text for a message. The index is asked for the first one that is rare instead of the whole
   * text, or for the whole if none is: trigrams that all messages contain cost most and filter nothing.
   */
  pieces: string[];
}

/**
 * Ids of up to `limit` matches after `position`, newest first.
 *
 * No index returns the matches of a word in order of time, so neither plan alone is fast for every word: walking the
 * entries newest first is too slow for a rare word, and sorting all matches is too slow for a frequent one. So: walk
 * the newest 1,000; then ask the index for the matches of one time window after the other, longer and longer ones, in
 * one statement; where a window has too many, ask for its parts. See
 * docs/adr/0019-search-the-audit-index-by-time-window.md.
 */
export async function searchIds(
  sql: Sql,
  tenantId: string,
  asked: EntryFilter,
  limit: number,
  position: Position | undefined,
): Promise<string[]> {
  const filter = await readTerms(sql, asked);
  const search = { sql, tenantId, filter, pieces: piecesOf(filter.messagePart) };
  const walk = await walkNewest(search, limit, position);
  if (walk.ids.length >= limit || walk.walked < WALKED || walk.occurred_at === null || walk.id === null) {
    return walk.ids;
  }
  const rest = { occurredAt: walk.occurred_at, id: walk.id };
  const missing = limit - walk.ids.length;
  if (!isIndexed(filter)) return [...walk.ids, ...(await walkOn(search, missing, rest))];
  const windows = [...windowsBefore(walk.at_s, filter.range.from / 1_000, walk.span_s)];
  return [...walk.ids, ...(await collect(search, windows, missing, rest))];
}

const isIndexed = ({ terms, messagePart }: EntryFilter): boolean =>
  terms !== undefined || (messagePart !== undefined && messagePart.length >= SHORTEST_INDEXED_PART);

/** The words in a search text for a message; none where it is a single word. */
function piecesOf(messagePart = ''): string[] {
  const pieces = messagePart.split(/[^\p{L}\p{N}]+/u).filter((piece) => piece.length >= SHORTEST_INDEXED_PART);
  return pieces[0] === messagePart ? [] : pieces.slice(0, MAX_PIECES);
}

/** Also puts the pieces of the search in order, the rarest of the walked messages first. */
async function walkNewest(
  { sql, tenantId, filter, pieces }: Search,
  limit: number,
  position: Position | undefined,
): Promise<Walk> {
  const parameters = new Parameters();
  const where = conditions(filter, tenantId, parameters, position).join(' and ');
  const hit = textConditions(filter, parameters).join(' and ');
  const counts = pieces.map(
    (piece) => `(select count(*)::int from newest where ${textConditions({ messagePart: piece }, parameters).join()})`,
  );
  const { rows } = await sql.query<Walk>(
    `/* auditEntries.walkNewest */
with newest as materialized (
  select id, occurred_at, message, coalesce(${hit}, false) as hit from (
    select ${SEARCHED_COLUMNS} from ${SEARCH_VIEW} e where ${where} ${NEWEST_FIRST} limit ${WALKED}
  ) walked
), oldest as (select id, occurred_at from newest order by occurred_at, id limit 1)
select array(select id from newest e where hit ${NEWEST_FIRST} limit ${parameters.add(limit)}) as ids,
       (select count(*)::int from newest) as walked,
       (select occurred_at::text from oldest) as occurred_at, (select id from oldest) as id,
       (select extract(epoch from occurred_at)::float8 from oldest) as at_s,
       (select extract(epoch from max(occurred_at) - min(occurred_at))::float8 from newest) as span_s,
       array[${counts.join(', ')}]::int[] as frequencies`,
    parameters.values,
  );
  const walk = rows[0]!; // a select without from has one row
  const frequencies = new Map(pieces.map((piece, n) => [piece, walk.frequencies[n] ?? 0]));
  pieces.sort((a, b) => frequencies.get(a)! - frequencies.get(b)!);
  return walk;
}

/** Up to `limit` matches after `position` in windows, newest first. */
async function collect(search: Search, windows: TimeWindow[], limit: number, position: Position): Promise<string[]> {
  const ids: string[] = [];
  let left = windows;
  while (left.length > 0 && ids.length < limit) {
    const missing = limit - ids.length;
    const answer = await askIndex(search, left, missing, position);
    ids.push(...answer.ids.slice(0, missing));
    if (!answer.is_overfull) break;
    left = left.slice(answer.windows);
    // A piece that is not rare here is not used for the windows that follow.
    if (search.pieces.shift() !== undefined) continue;
    const [full, ...others] = left as [TimeWindow, ...TimeWindow[]]; // at least the overfull one
    ids.push(...(await collectParts(search, full, limit - ids.length, position)));
    left = others;
  }
  return ids;
}

async function collectParts(search: Search, full: TimeWindow, limit: number, position: Position): Promise<string[]> {
  const parts = partsOf(full);
  return parts === null ? walkOn(within(search, full), limit, position) : collect(search, parts, limit, position);
}

/** The search within one window. */
function within(search: Search, window: TimeWindow): Search {
  const { from, to } = search.filter.range;
  const range = { from: Math.max(from, startOf(window) * 1_000), to: Math.min(to, endOf(window) * 1_000) };
  return { ...search, filter: { ...search.filter, range } };
}

/** Asks for one window after the other, until there are enough matches or one has too many. */
async function askIndex(
  search: Search,
  windows: readonly TimeWindow[],
  limit: number,
  position: Position,
): Promise<Answer> {
  const { sql, tenantId, filter, pieces } = search;
  const [piece] = pieces;
  const parameters = new Parameters();
  const count = parameters.add(limit);
  const place = 'a.windows + 1';
  const where = [
    ...fieldConditions(filter, tenantId, parameters),
    inWindow(tenantId, windows, place, parameters),
    `id >= (${parameters.add(windows.map((window) => oldestId(startOf(window) * 1_000)))}::uuid[])[${place}]`,
    ...textConditions(piece === undefined ? filter : { ...filter, messagePart: piece }, parameters),
  ].join(' and ');
  // Conditions on time stay outside, where no index helps: further inside, they would make the planner use another
  // index as well.
  const rest = [
    ...timeConditions(filter, parameters, position),
    ...(piece === undefined ? [] : textConditions({ messagePart: filter.messagePart }, parameters)),
  ].join(' and ');
  const text = `/* auditEntries.askIndex */
with recursive asked as (
  select 0 as windows, array[]::uuid[] as ids, false as is_overfull
  union all
  select a.windows + (not f.is_overfull)::int, case when f.is_overfull then a.ids else a.ids || f.ids end, f.is_overfull
  from asked a cross join lateral (
    with candidates as materialized (
      select id, occurred_at, message from ${SEARCH_VIEW} where ${where} limit ${MAX_MATCHES + 1}
    )
    select array(select id from candidates e where ${rest} ${NEWEST_FIRST} limit ${count}) as ids,
           (select count(*) > ${MAX_MATCHES} from candidates) as is_overfull
  ) f
  where not a.is_overfull and a.windows < ${parameters.add(windows.length)} and cardinality(a.ids) < ${count}
)
select windows, ids, is_overfull from asked order by windows desc, is_overfull desc limit 1`;
  const [, [answer]] = await Promise.all([
    // Because of the limit, the planner would read rows until it has enough of them.
    sql.query('set local enable_seqscan = off; set local enable_indexscan = off'),
    // With conditions on fields there may be a better index, which depends on their values.
    hasFields(filter)
      ? sql.query<Answer>(text, parameters.values).then(({ rows }) => rows)
      : queryByKey<Answer>(sql, { name: `askIndex ${shapeOf(filter, piece)}`, text, values: parameters.values }),
    sql.query('set local enable_seqscan = on; set local enable_indexscan = on'),
  ]);
  return answer!; // the recursion begins with a row
}

const hasFields = ({ equal, auditEventsOnly }: EntryFilter): boolean =>
  Object.keys(equal).length > 0 || auditEventsOnly === true;

/** Which conditions on text there are. */
const shapeOf = ({ search, messagePart }: ReadFilter, piece: string | undefined): string =>
  [search && shapeOfSearch(search), messagePart && 'message', piece && 'piece'].filter(Boolean).join(' ');

async function walkOn({ sql, tenantId, filter }: Search, limit: number, position: Position): Promise<string[]> {
  const parameters = new Parameters();
  const where = [...conditions(filter, tenantId, parameters, position), ...textConditions(filter, parameters)];
  const { rows } = await sql.query<{ id: string }>(
    `/* auditEntries.walkOn */
select id from ${SEARCH_VIEW} e where ${where.join(' and ')} ${NEWEST_FIRST} limit ${parameters.add(limit)}`,
    parameters.values,
  );
  return rows.map(({ id }) => id);
}
