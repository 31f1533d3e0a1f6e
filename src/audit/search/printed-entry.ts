import { printedTime } from '../../platform/database/time-sql.js';

/** The columns of an export, in their order. */
export const COLUMNS = [
  'occurred_at',
  'id',
  'action_type',
  'resource_type',
  'resource_id',
  'severity',
  'status',
  'user_id',
  'message',
  'source',
  'client_id',
  'key_id',
  'session_id',
  'ip_address',
  'user_agent',
  'before_state',
  'after_state',
  'metadata',
  'functionality',
  'event_type',
  'store_id',
  'company_id',
  'idempotency_key',
  'created_at',
  'erased_at',
] as const;

/** An entry as the database prints it: every column a text, which costs least to read. */
export type PrintedEntry = Record<(typeof COLUMNS)[number], string | null> & { id: string; occurred_at: string };

export const TIMES = new Set<string>(['occurred_at', 'created_at', 'erased_at']);
export const NUMBERS = new Set<string>(['store_id', 'company_id']);

/** What to select for a {@link PrintedEntry}. */
export const PRINTED_COLUMNS = COLUMNS.map((column) =>
  TIMES.has(column)
    ? `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`
    : `${column}::text`,
).join(', ');

/** Columns whose texts come from callers; a spreadsheet could run them. */
const SAFE = new Set<string>(['id', 'source', 'key_id', 'action_type', 'severity', ...TIMES]);

/** A text of csv: what a spreadsheet would run starts with an apostrophe. The same as csvRow, in SQL. */
const quoted = (column: string): string => {
  if (NUMBERS.has(column)) return `coalesce(${column}::text, '')`;
  const text = TIMES.has(column) ? printedTime(column) : `${column}::text`;
  if (SAFE.has(column)) return `coalesce('"' || ${text} || '"', '')`;
  const runs = `ascii(${text}) in (61, 43, 45, 64, 9, 13, 10)`; // = + - @ tab cr lf
  return `case when ${column} is null then '' else
    case when ${runs} then '"''' else '"' end || replace(${text}, '"', '""') || '"' end`;
};

/** An entry as a whole record of csv, times in UTC: printing in PostgreSQL and reading one text beats 24 columns. */
export const CSV_LINE = `concat_ws(',',\n  ${COLUMNS.map(quoted).join(',\n  ')}) || E'\\r\\n'`;
