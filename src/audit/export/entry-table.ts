import { COLUMNS, NUMBERS, type PrintedEntry, TIMES } from '../search/printed-entry.js';
import type { Cell } from './csv.js';
import type { Column } from './xlsx.js';
import type { Table } from './send-export.js';
import { TimePrinter } from './time-printer.js';

/** Entries as a table with times of one zone. */
export function entryTable(name: string, timeZone: string): Table<PrintedEntry> {
  const toCell = cellPrinter(timeZone);
  return {
    ...{ name, columns: COLUMN_LIST },
    toCells: (entry) => COLUMNS.map((column) => toCell(column, entry[column])),
  };
}

const WIDTHS: Partial<Record<string, number>> = {
  ...{ id: 38, key_id: 38, message: 60, user_agent: 40 },
  ...{ before_state: 40, after_state: 40, metadata: 40 },
};

const describeColumn = (column: string, name = column): Column => ({
  name,
  isTime: TIMES.has(column),
  ...(WIDTHS[column] === undefined ? {} : { width: WIDTHS[column] }),
});

const COLUMN_LIST = COLUMNS.map((column) => describeColumn(column));

/** What audit events call the columns of an entry, in the order of their answers. */
const AUDIT_EVENT_COLUMNS = [
  ['event_timestamp', 'occurred_at'],
  ['functionality', 'functionality'],
  ['event_type', 'event_type'],
  ['store_id', 'store_id'],
  ['company_id', 'company_id'],
  ['user', 'user_id'],
  ['message', 'message'],
  ['status', 'status'],
  ['additional_data', 'metadata'],
  ['id', 'id'],
  ['created_at', 'created_at'],
] as const;

/** The same entries as audit events. */
export function auditEventTable(name: string, timeZone: string): Table<PrintedEntry> {
  const toCell = cellPrinter(timeZone);
  return {
    name,
    columns: AUDIT_EVENT_COLUMNS.map(([called, column]) => describeColumn(column, called)),
    toCells: (entry) => AUDIT_EVENT_COLUMNS.map(([, column]) => toCell(column, entry[column])),
  };
}

/** Excel shows 15 digits of a number and loses the others. */
const MAX_DIGITS = 15;

function cellPrinter(timeZone: string) {
  const times = new TimePrinter(timeZone);
  return (column: string, value: string | null): Cell => {
    if (value === null) return null;
    if (TIMES.has(column)) return times.print(value);
    return NUMBERS.has(column) && value.length <= MAX_DIGITS ? Number(value) : value;
  };
}

/** Entries that are records of csv already. */
export function csvTable(name: string): Table<string> {
  return { name, columns: COLUMN_LIST, toCells: () => [], toLine: (lines) => lines };
}
