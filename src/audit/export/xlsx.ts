import { rangeRef, writeXlsxStream, XLSX_MAX_ROWS_PER_SHEET } from 'hucre/xlsx';
import { Readable } from 'node:stream';
import type { Cell } from './csv.js';
import { withFilterRow } from './filter-row.js';

/** Excel refuses files with longer cells. */
const MAX_CELL = 32_767;
const CUT = '… [cut]';
/** How Excel writes control characters, so a text that looks like it must be escaped itself. */
const ESCAPE_LOOKALIKE = /_(?=x[0-9A-Fa-f]{4}_)/g;
/** What XML 1.0 does not allow at all, and the library does not escape: one of them makes the whole file unreadable. */
const NO_CHARACTER = /[\ufffe\uffff]/g;
/** A time of the zone asked for, as Excel shows it; a cell of it is sorted and filtered as a date. */
const DATE_FORMAT = 'yyyy-mm-dd hh:mm:ss.000';
/** `2026-11-21T04:50:00.123-06:00` without its offset: a spreadsheet knows no zones. */
const LOCAL = 23;

/** Below the header, which each sheet has. */
const ROWS_PER_SHEET = XLSX_MAX_ROWS_PER_SHEET - 1;

/** A column of a table. */
export interface Column {
  name: string;
  /** Its texts are times as TimePrinter prints them. */
  isTime?: boolean;
  /** In characters. */
  width?: number;
}

/**
 * A workbook with one table, its header fixed and with filters, as bytes, in constant memory. Every text is an inline
 * string, so none is ever a formula; rows beyond Excel's 1,048,576 go to further sheets.
 */
export function xlsxStream(name: string, columns: readonly Column[], rows: AsyncIterable<Cell[]>): Readable {
  const written = { rows: 0 };
  const stream = writeXlsxStream(toCells(columns, rows, written), {
    name,
    columns: columns.map(({ name: header, isTime, width }) => ({
      header,
      width: width ?? (isTime === true ? 24 : Math.max(14, header.length + 2)),
      ...(isTime === true ? { numFmt: DATE_FORMAT } : {}),
    })),
    freezePane: { rows: 1 },
    compress: false, // by withFilterRow
    zip64: true,
  });
  return withFilterRow(Readable.fromWeb(stream), (sheet) => {
    const before = (sheet - 1) * ROWS_PER_SHEET;
    return rangeRef(0, 0, Math.min(written.rows - before, ROWS_PER_SHEET), columns.length - 1);
  });
}

async function* toCells(
  columns: readonly Column[],
  rows: AsyncIterable<Cell[]>,
  written: { rows: number },
): AsyncGenerator<(Cell | Date)[]> {
  const areTimes = columns.map(({ isTime }) => isTime === true);
  for await (const row of rows) {
    written.rows += 1;
    yield row.map((cell, n) => {
      if (typeof cell !== 'string') return cell;
      return areTimes[n] === true ? new Date(`${cell.slice(0, LOCAL)}Z`) : toText(cell);
    });
  }
}

function toText(text: string): string {
  const escaped = text
    .toWellFormed()
    .replace(ESCAPE_LOOKALIKE, '_x005F_')
    .replace(NO_CHARACTER, (character) => (character === '\ufffe' ? '_xFFFE_' : '_xFFFF_'));
  return escaped.length <= MAX_CELL ? escaped : `${escaped.slice(0, MAX_CELL - CUT.length).toWellFormed()}${CUT}`;
}
