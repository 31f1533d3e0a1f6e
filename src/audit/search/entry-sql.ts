import { DAY_MS, toIso } from '../../platform/time/time.js';
import { uuid7LowerBound } from '../../platform/database/uuid7.js';
import { EQUAL_FIELDS, type EntryFilter, type Position } from './entry-filter.js';
import { type ReadFilter, wordConditions } from './search-terms.repository.js';
import { ofTenant } from './entry-time-windows.js';
import { isAddress } from '../../platform/database/address-sql.js';
import type { Parameters } from '../../platform/database/sql-parameters.js';

/**
 * An entry as the ndjson export shows it: the names of the columns, times with all six digits. A bigint that fits into
 * 53 bits survives float8.
 */
const TIME = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`;
export const ENTRY_COLUMNS = `id, tenant_id, source, client_id, key_id, action_type, resource_type, resource_id, severity, status,
  user_id, session_id, ip_address, user_agent, message, before_state, after_state, metadata, functionality, event_type,
  store_id::float8 as store_id, company_id::float8 as company_id, idempotency_key,
  ${TIME('occurred_at')}, ${TIME('created_at')}, ${TIME('erased_at')},
  erased_fields, redacted_fields`;

/** What people see of an entry; an export has only what a leaf proves. */
export const SHOWN_COLUMNS = `${ENTRY_COLUMNS}, restored_until is not null as restored`;

/**
 * Newest first; the id decides between entries of one moment. For the table with the alias e: selected times are texts.
 */
export const NEWEST_FIRST = 'order by e.occurred_at desc, e.id desc';

/** The tenant's entries, without row-level security, which would keep conditions away from the search index. */
export const SEARCH_VIEW = 'searchable_audit_entries';

/** Less than every other id. */
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * The conditions of a filter without those on text, only those that are set, so that the planner sees its choices.
 * @param position only what comes after it
 */
export function conditions(
  filter: EntryFilter,
  tenantId: string,
  parameters: Parameters,
  position?: Position,
): string[] {
  return [
    ...fieldConditions(filter, tenantId, parameters),
    `id >= ${parameters.add(oldestId(filter.range.from))}`,
    ...timeConditions(filter, parameters, position),
  ];
}

/**
 * No entry that happened since then has an older id: an entry happens at most a day after it is recorded. So older
 * partitions are skipped.
 */
export const oldestId = (sinceMs: number): string => uuid7LowerBound(sinceMs - DAY_MS);

/** The conditions on fields. Names come from a fixed list, values are parameters. */
export function fieldConditions(filter: EntryFilter, tenantId: string, parameters: Parameters): string[] {
  const all = [`tenant_id = ${parameters.add(tenantId)}`];
  for (const field of EQUAL_FIELDS) {
    const value = filter.equal[field];
    if (value === undefined) continue;
    all.push(field === 'ip_address' ? isAddress(field, value, parameters) : `${field} = ${parameters.add(value)}`);
  }
  if (filter.auditEventsOnly === true) all.push('functionality is not null');
  return all;
}

/** @param position only what comes after it */
export function timeConditions(filter: EntryFilter, parameters: Parameters, position?: Position): string[] {
  const from = parameters.add(toIso(filter.range.from));
  return [`occurred_at >= ${from}`, before(parameters.add(toIso(filter.range.to)), position, parameters)];
}

/** The conditions on text, which row-level security would keep away from the search index. */
export function textConditions(
  { search, messagePart }: Pick<ReadFilter, 'search' | 'messagePart'>,
  parameters: Parameters,
): string[] {
  const all = search === undefined ? [] : wordConditions(search, parameters);
  if (messagePart !== undefined) {
    const pattern = parameters.add(`%${messagePart.replace(/[\\%_]/g, '\\$&')}%`);
    all.push(`audit_composed(message) ilike audit_composed(${pattern})`);
  }
  return all;
}

/** All conditions of a filter on the rows of {@link sourceOf}. */
export function matching(filter: ReadFilter, tenantId: string, parameters: Parameters): string {
  const all = conditions(filter, tenantId, parameters);
  if (isTextSearch(filter)) all.push(ofTenant(tenantId, parameters), ...textConditions(filter, parameters));
  return all.join(' and ');
}

/** The table or view to count or page through: a search needs the view. */
export const sourceOf = (filter: EntryFilter): string => (isTextSearch(filter) ? SEARCH_VIEW : 'audit_entries');

/**
 * Only one bound at the upper end: with two, PostgreSQL would start at the end of the range and step over everything up
 * to the position, for each page.
 */
function before(to: string, position: Position | undefined, parameters: Parameters): string {
  if (position === undefined) return `occurred_at < ${to}`;
  const at = `${parameters.add(position.occurredAt)}::timestamptz`;
  const id = `${parameters.add(position.id)}::uuid`;
  const end = `${to}::timestamptz`;
  return `(occurred_at, id) < (least(${at}, ${end}), case when ${at} < ${end} then ${id} else '${NIL_UUID}' end)`;
}

/**
 * Up to and including this entry, newest first. Only a condition on the time ends a walk along the index; one on a row
 * does not.
 */
export function notBefore({ occurredAt, id }: Position, parameters: Parameters): string {
  const at = `${parameters.add(occurredAt)}::timestamptz`;
  return `occurred_at >= ${at} and (occurred_at, id) >= (${at}, ${parameters.add(id)}::uuid)`;
}

export const isTextSearch = (filter: EntryFilter): boolean =>
  filter.terms !== undefined || filter.messagePart !== undefined;
