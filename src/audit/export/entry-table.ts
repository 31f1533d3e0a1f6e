import type { Cell } from './csv.js';
import type { Table } from './send-export.js';
import { TimePrinter } from './time-printer.js';

const COLUMNS = [
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

/** An entry as PostgreSQL formats it: every column a text, which is cheapest to read. */
export type PrintedEntry = Record<(typeof COLUMNS)[number], string | null> & { id: string; occurred_at: string };

const TIMES = new Set<string>(['occurred_at', 'created_at', 'erased_at']);
const NUMBERS = new Set<string>(['store_id', 'company_id']);

/** What to select for a {@link PrintedEntry}. */
export const PRINTED_COLUMNS = COLUMNS.map((column) =>
  TIMES.has(column)
    ? `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`
    : `${column}::text`,
).join(', ');

/** Entries as a table with times of one zone. */
export function entryTable(name: string, timeZone: string): Table<PrintedEntry> {
  const times = new TimePrinter(timeZone);
  const toCell = (column: string, value: string | null): Cell => {
    if (value === null) return null;
    if (TIMES.has(column)) return times.print(value);
    return NUMBERS.has(column) ? Number(value) : value;
  };
  return { name, columns: COLUMNS, toCells: (entry) => COLUMNS.map((column) => toCell(column, entry[column])) };
}

/** Columns with texts of callers, which a spreadsheet could run as formulas. */
const SAFE = new Set<string>(['id', 'source', 'key_id', 'action_type', 'severity', ...TIMES]);

/** A text of csv: one that a spreadsheet would run gets an apostrophe in front. The same as csvRow, in SQL. */
const quoted = (column: string): string => {
  if (NUMBERS.has(column)) return `coalesce(${column}::text, '')`;
  const text = TIMES.has(column)
    ? `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    : `${column}::text`;
  if (SAFE.has(column)) return `coalesce('"' || ${text} || '"', '')`;
  const runs = `ascii(${text}) in (61, 43, 45, 64, 9, 13, 10)`; // = + - @ tab cr lf
  return `case when ${column} is null then '' else
    case when ${runs} then '"''' else '"' end || replace(${text}, '"', '""') || '"' end`;
};

/**
 * An entry as a whole record of csv, times in UTC: reading one text that PostgreSQL formats is faster than 24 columns.
 */
export const CSV_LINE = `concat_ws(',',\n  ${COLUMNS.map(quoted).join(',\n  ')}) || E'\\r\\n'`;

/** Entries that are csv records already. */
export function csvTable(name: string): Table<string> {
  return { name, columns: COLUMNS, toCells: () => [], toLine: (lines) => lines };
}
