import type { Sql } from '../../platform/database.js';
import type { EntryFilter, Position } from './entry-filter.js';
import { conditions, NEWEST_FIRST, Parameters, SEARCH_VIEW, textConditions } from './entry-sql.js';

/** Entries looked at one by one before the search index is asked: a word in one of eighty fills a page of 50 from them. */
const WALKED = 4_000;
/** Matches the index may give before they are too many to sort: then the word is frequent, and walking finds a page. */
const MAX_MATCHES = 20_000;
/** Trigrams say nothing about shorter parts. */
const SHORTEST_INDEXED_PART = 3;

interface Walk {
  ids: string[];
  walked: number;
  /** The oldest entry walked; null when there was none. */
  occurred_at: string | null;
  id: string | null;
}

/**
 * Ids of up to `limit` matches after `position`, newest first.
 *
 * No index yields matches of a word in time order, so neither plan alone is fast for every word: walking the entries
 * newest first takes for ever on a rare word, and sorting all matches on a frequent one. Hence three steps, each bounded
 * by the failure of the one before: walk the newest 4,000; then fetch all older matches from the index, up to 20,000;
 * if there are more, the word is frequent after all and walking on finds it soon.
 */
export async function searchIds(
  sql: Sql,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  position: Position | undefined,
): Promise<string[]> {
  const walk = await walkNewest(sql, tenantId, filter, limit, position);
  if (walk.ids.length >= limit || walk.walked < WALKED || walk.occurred_at === null || walk.id === null) {
    return walk.ids;
  }
  const rest = { occurredAt: walk.occurred_at, id: walk.id };
  const missing = limit - walk.ids.length;
  const found = isIndexed(filter) ? await askIndex(sql, tenantId, filter, missing, rest) : null;
  return [...walk.ids, ...(found ?? (await walkOn(sql, tenantId, filter, missing, rest)))];
}

const isIndexed = ({ words, messagePart }: EntryFilter): boolean =>
  words !== undefined || (messagePart !== undefined && messagePart.length >= SHORTEST_INDEXED_PART);

async function walkNewest(
  sql: Sql,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  position: Position | undefined,
): Promise<Walk> {
  const parameters = new Parameters();
  const where = conditions(filter, tenantId, parameters, position).join(' and ');
  const hit = textConditions(filter, parameters).join(' and ');
  const { rows } = await sql.query<Walk>(
    `/* auditEntries.walkNewest */
with newest as materialized (
  select id, occurred_at, coalesce(${hit}, false) as hit from (
    select id, occurred_at, search, message from ${SEARCH_VIEW} e where ${where} ${NEWEST_FIRST} limit ${WALKED}
  ) walked
), oldest as (select id, occurred_at from newest order by occurred_at, id limit 1)
select array(select id from newest e where hit ${NEWEST_FIRST} limit ${parameters.add(limit)}) as ids,
       (select count(*)::int from newest) as walked,
       (select occurred_at::text from oldest) as occurred_at, (select id from oldest) as id`,
    parameters.values,
  );
  return rows[0]!; // a select without from has one row
}

/** @returns null when there are too many matches */
async function askIndex(
  sql: Sql,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  position: Position,
): Promise<string[] | null> {
  const parameters = new Parameters();
  const where = [...conditions(filter, tenantId, parameters, position), ...textConditions(filter, parameters)].join(
    ' and ',
  );
  // The limit would tempt the planner to read rows until it has enough of them.
  await sql.query('set local enable_seqscan = off; set local enable_indexscan = off');
  const { rows } = await sql.query<{ ids: string[]; matches: number }>(
    `/* auditEntries.askIndex */
with matches as materialized (select id, occurred_at from ${SEARCH_VIEW} e where ${where} limit ${MAX_MATCHES + 1})
select array(select id from matches e ${NEWEST_FIRST} limit ${parameters.add(limit)}) as ids,
       (select count(*)::int from matches) as matches`,
    parameters.values,
  );
  await sql.query('set local enable_seqscan = on; set local enable_indexscan = on');
  const [{ ids, matches }] = rows as [(typeof rows)[number]];
  return matches > MAX_MATCHES ? null : ids;
}

async function walkOn(
  sql: Sql,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  position: Position,
): Promise<string[]> {
  const parameters = new Parameters();
  const where = [...conditions(filter, tenantId, parameters, position), ...textConditions(filter, parameters)].join(
    ' and ',
  );
  const { rows } = await sql.query<{ id: string }>(
    `/* auditEntries.walkOn */ select id from ${SEARCH_VIEW} e where ${where} ${NEWEST_FIRST} limit ${parameters.add(limit)}`,
    parameters.values,
  );
  return rows.map(({ id }) => id);
}
