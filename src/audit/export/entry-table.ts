import { COLUMNS, NUMBERS, type PrintedEntry, TIMES } from '../search/printed-entry.js';
import type { Cell } from './csv.js';
import type { Table } from './send-export.js';
import { TimePrinter } from './time-printer.js';

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

/** Entries that are records of csv already. */
export function csvTable(name: string): Table<string> {
  return { name, columns: COLUMNS, toCells: () => [], toLine: (lines) => lines };
}
