import type { Sql } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import type { TimeRange } from '../../platform/time/time.js';
import { happenedIn } from './event-range-sql.js';
import { EventPropertySql, type ParsedAgents, readsAgents } from './event-property-sql.js';
import { parseUserAgent } from './user-agent.js';

/** More user agents than browsers have; parsing one that is not known costs 90 µs. */
const MAX_AGENTS = 10_000;

const LIST_AGENTS = `/* eventProperties.listAgents */
select distinct coalesce(user_agent, '') as agent from event_contexts where tenant_id = $1 limit ${MAX_AGENTS}`;

/** What the user agents of a tenant say; empty where none of the properties asks for it. */
export async function listParsedAgents(
  sql: Sql,
  tenantId: string,
  properties: readonly string[],
): Promise<ParsedAgents> {
  if (!properties.some(readsAgents)) return {};
  const { rows } = await sql.query<{ agent: string }>(LIST_AGENTS, [tenantId]);
  return Object.fromEntries(rows.map(({ agent }) => [agent, parseUserAgent(agent)]));
}

/**
 * Those of the properties that no event of the range has, of some types if given. Reads up to all events of the range,
 * so it is asked only where an answer is empty.
 */
export async function listUnseen(
  sql: Sql,
  tenantId: string,
  range: TimeRange,
  properties: readonly string[],
  types: readonly string[] | null = null,
): Promise<string[]> {
  const names = [...new Set(properties)];
  if (names.length === 0) return [];
  const parameters = new Parameters();
  const property = new EventPropertySql(parameters, await listParsedAgents(sql, tenantId, names));
  const where = [
    happenedIn(tenantId, range, parameters),
    ...(types === null ? [] : [`e.event_type = any(${parameters.add(types)}::text[])`]),
  ].join(' and ');
  const seen = names.map(
    (name) => `exists (select from events e where ${where} and ${property.json(name)} is not null)`,
  );
  const { rows } = await sql.query<{ seen: boolean[] }>(
    `/* eventProperties.listUnseen */ select array[${seen.join(', ')}] as seen`,
    parameters.values,
  );
  return names.filter((_, n) => rows[0]?.seen[n] === false);
}
