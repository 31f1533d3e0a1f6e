import { writeXlsxStream } from 'hucre/xlsx';
import { Readable } from 'node:stream';
import type { Cell } from './csv.js';

/** Excel refuses files with longer cells. */
const MAX_CELL = 32_767;
const CUT = '… [cut]';
/** How Excel writes control characters, so a text that looks like it must be escaped itself. */
const ESCAPE_LOOKALIKE = /_(?=x[0-9A-Fa-f]{4}_)/g;

/**
 * A workbook with one table, as bytes, in constant memory. Every text is an inline string, so none is ever a formula;
 * rows beyond Excel's 1,048,576 go to further sheets.
 */
export function xlsxStream(name: string, columns: readonly string[], rows: AsyncIterable<Cell[]>): Readable {
  const stream = writeXlsxStream(toCells(rows), {
    name,
    columns: columns.map((header) => ({ header })),
    freezePane: { rows: 1 },
    zip64: true,
  });
  return Readable.fromWeb(stream);
}

async function* toCells(rows: AsyncIterable<Cell[]>): AsyncGenerator<Cell[]> {
  for await (const row of rows) yield row.map((cell) => (typeof cell === 'string' ? toText(cell) : cell));
}

function toText(text: string): string {
  const escaped = text.replace(ESCAPE_LOOKALIKE, '_x005F_');
  return escaped.length <= MAX_CELL ? escaped : `${escaped.slice(0, MAX_CELL - CUT.length).toWellFormed()}${CUT}`;
}
