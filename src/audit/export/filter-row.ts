import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { StoredZip } from './stored-zip.js';

/** How the library ends a sheet; what says that its header filters stands in between. */
const ROWS_END = '</sheetData>';
const SHEET_END = '</worksheet>';
const HELD = ROWS_END.length + SHEET_END.length;

/**
 * The workbook with filters in the header row of each sheet, which the library cannot stream. Its parts come stored and
 * are deflated here.
 * @param cellsOf the cells to filter of the sheet with this number, asked once all of its rows have passed
 */
export function withFilterRow(workbook: Readable, cellsOf: (sheet: number) => string): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  output.once('close', () => workbook.destroy()); // the client is gone: nobody reads on
  copyParts(workbook, zip, cellsOf).catch((error: Error) => output.destroy(error));
  return output;
}

async function copyParts(workbook: Readable, zip: ZipFile, cellsOf: (sheet: number) => string): Promise<void> {
  for await (const { path, data } of new StoredZip(workbook).entries()) {
    const sheet = /^xl\/worksheets\/sheet(\d+)\.xml$/.exec(path)?.[1];
    const part = Readable.from(sheet === undefined ? data : addFilter(data, () => cellsOf(Number(sheet))));
    zip.addReadStream(part, path, { forceZip64Format: sheet !== undefined });
    await finished(part, { writable: false });
  }
  zip.end();
}

async function* addFilter(data: AsyncIterable<Buffer>, cells: () => string): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of data) {
    const text = Buffer.concat([held, chunk]);
    held = text.subarray(Math.max(0, text.length - HELD));
    if (text.length > HELD) yield text.subarray(0, text.length - HELD);
  }
  if (held.toString() !== ROWS_END + SHEET_END) throw new Error('The workbook has a sheet that ends otherwise.');
  yield Buffer.from(`${ROWS_END}<autoFilter ref="${cells()}"/>${SHEET_END}`);
}
