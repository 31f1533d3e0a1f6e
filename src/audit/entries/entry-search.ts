import type { Sql } from '../../platform/database.js';
import type { EntryFilter, Position } from './entry-filter.js';
import { endOf, inPeriod, partsOf, type Period, periodsBefore, startOf } from './entry-periods.js';
import {
  conditions,
  fieldConditions,
  NEWEST_FIRST,
  Parameters,
  SEARCH_VIEW,
  textConditions,
  timeConditions,
} from './entry-sql.js';

/** Entries looked at one by one before the search index is asked: a word in one of twenty fills a page of 50 from them. */
const WALKED = 1_000;
/** Matches the index may give for one question before they are too many to sort. */
const MAX_MATCHES = 2_000;
/** Trigrams say nothing about shorter parts. */
const SHORTEST_INDEXED_PART = 3;
const MAX_PARTS = 4;
/** A part of a message that more of the newest entries have is no help. */
const RARE = WALKED / 40;

interface Walk {
  ids: string[];
  walked: number;
  /** The oldest entry walked; null when there was none. */
  occurred_at: string | null;
  id: string | null;
  /** When it happened, and how long before the newest walked, in seconds. */
  at_s: number;
  span_s: number;
  /** How many of the walked messages have each part of the one that is sought. */
  frequencies: number[];
}

/** A search of one tenant in one transaction. */
interface Search {
  sql: Sql;
  tenantId: string;
  filter: EntryFilter;
  /** What the index is asked for instead of the whole part of a message: the rarest word of it. */
  rarePart?: string | undefined;
}

/**
 * Ids of up to `limit` matches after `position`, newest first.
 *
 * No index yields matches of a word in time order, so neither plan alone is fast for every word: walking the entries
 * newest first takes for ever on a rare word, and sorting all matches on a frequent one. Hence: walk the newest 4,000; then
 * ask the index for the matches of one period after the other, longer and longer ones; where one has too many, of its parts.
 */
export async function searchIds(
  sql: Sql,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  position: Position | undefined,
): Promise<string[]> {
  const parts = partsOfMessage(filter);
  const walk = await walkNewest({ sql, tenantId, filter }, parts, limit, position);
  if (walk.ids.length >= limit || walk.walked < WALKED || walk.occurred_at === null || walk.id === null) {
    return walk.ids;
  }
  const search = { sql, tenantId, filter, rarePart: rarest(parts, walk.frequencies) };
  const rest = { occurredAt: walk.occurred_at, id: walk.id };
  const missing = limit - walk.ids.length;
  if (!isIndexed(filter)) return [...walk.ids, ...(await walkOn(search, missing, rest))];
  const ids = walk.ids;
  for (const period of periodsBefore(walk.at_s, filter.range.from / 1_000, walk.span_s)) {
    ids.push(...(await collect(search, period, limit - ids.length, rest)));
    if (ids.length >= limit) break;
  }
  return ids;
}

const isIndexed = ({ words, messagePart }: EntryFilter): boolean =>
  words !== undefined || (messagePart !== undefined && messagePart.length >= SHORTEST_INDEXED_PART);

/** The pieces of a sought part of a message of which the index can be asked for one alone. */
function partsOfMessage({ messagePart = '' }: EntryFilter): string[] {
  const parts = messagePart.split(/[^\p{L}\p{N}]+/u).filter((part) => part.length >= SHORTEST_INDEXED_PART);
  return parts[0] === messagePart ? [] : parts.slice(0, MAX_PARTS);
}

/** Trigrams that all messages have cost the index most and say nothing: a rare part is enough. */
function rarest(parts: readonly string[], frequencies: readonly number[]): string | undefined {
  const least = Math.min(...frequencies);
  return least <= RARE ? parts[frequencies.indexOf(least)] : undefined;
}

async function walkNewest(
  { sql, tenantId, filter }: Search,
  parts: readonly string[],
  limit: number,
  position: Position | undefined,
): Promise<Walk> {
  const parameters = new Parameters();
  const where = conditions(filter, tenantId, parameters, position).join(' and ');
  const hit = textConditions(filter, parameters).join(' and ');
  const counts = parts.map(
    (part) => `(select count(*)::int from newest where ${textConditions({ messagePart: part }, parameters).join()})`,
  );
  const { rows } = await sql.query<Walk>(
    `/* auditEntries.walkNewest */
with newest as materialized (
  select id, occurred_at, message, coalesce(${hit}, false) as hit from (
    select id, occurred_at, search, message from ${SEARCH_VIEW} e where ${where} ${NEWEST_FIRST} limit ${WALKED}
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
  return rows[0]!; // a select without from has one row
}

/** Up to `limit` matches after `position` in a period, newest first. */
async function collect(search: Search, period: Period, limit: number, position: Position): Promise<string[]> {
  const found = await askIndex(search, period, limit, position);
  if (found !== null) return found;
  const parts = partsOf(period);
  if (parts === null) return walkOn(within(search, period), limit, position);
  const ids: string[] = [];
  for (const part of parts) {
    ids.push(...(await collect(search, part, limit - ids.length, position)));
    if (ids.length >= limit) break;
  }
  return ids;
}

/** The search in the time of a period alone. */
function within(search: Search, period: Period): Search {
  const { from, to } = search.filter.range;
  const range = { from: Math.max(from, startOf(period) * 1_000), to: Math.min(to, endOf(period) * 1_000) };
  return { ...search, filter: { ...search.filter, range } };
}

/** @returns null when there are too many matches */
async function askIndex(search: Search, period: Period, limit: number, position: Position): Promise<string[] | null> {
  const { sql, tenantId, filter, rarePart } = within(search, period);
  const parameters = new Parameters();
  const where = [
    ...fieldConditions(filter, tenantId, parameters),
    inPeriod(tenantId, period, parameters),
    ...textConditions(filter, parameters, rarePart),
  ].join(' and ');
  const inTime = timeConditions(filter, parameters, position).join(' and ');
  // The limit would tempt the planner to read rows until it has enough of them, and the time to enter another index as well.
  const [, { rows }] = await Promise.all([
    sql.query('set local enable_seqscan = off; set local enable_indexscan = off'),
    sql.query<{ ids: string[]; matches: number }>(
      `/* auditEntries.askIndex */
with matches as materialized (
  select id, occurred_at from (select id, occurred_at from ${SEARCH_VIEW} where ${where} offset 0) e
  where ${inTime} limit ${MAX_MATCHES + 1}
)
select array(select id from matches e ${NEWEST_FIRST} limit ${parameters.add(limit)}) as ids,
       (select count(*)::int from matches) as matches`,
      parameters.values,
    ),
    sql.query('set local enable_seqscan = on; set local enable_indexscan = on'),
  ]);
  const [{ ids, matches }] = rows as [(typeof rows)[number]];
  return matches > MAX_MATCHES ? null : ids;
}

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
