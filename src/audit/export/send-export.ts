import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeJson } from '../../platform/json/json-text.js';
import { EARLIEST_TIME } from '../../platform/http/field-fault.js';
import type { TimeRange } from '../../platform/time/time.js';
import { type Cell, csvRow } from './csv.js';
import { type Column, xlsxStream } from './xlsx.js';

export const EXPORT_FORMATS = ['csv', 'xlsx', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const EXPORT_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

const CHUNK = 16_384;

/** Pages of an export, read one after the other, and only as fast as the client reads. */
export type Pages<Row> = AsyncGenerator<Row[], void>;

export interface Table<Row> {
  /** Name of the sheet, and start of the file name. */
  name: string;
  columns: readonly Column[];
  toCells: (row: Row) => Cell[];
  /** For rows that are csv already. */
  toLine?: (row: Row) => string;
}

interface Export<Row> {
  format: ExportFormat;
  range: TimeRange | null;
  table: Table<Row>;
  pages: Pages<Row>;
  /** csv: starts with a byte order mark, by which Excel knows UTF-8. */
  hasMark?: boolean | undefined;
  /** What the file's name says instead of the range. */
  label?: string | undefined;
}

/**
 * Streams pages as a file. Memory is constant at any size: one page is being written, one is read ahead, and both wait
 * for a slow client. When the client disconnects, reading stops with the current page.
 */
export async function sendExport<Row>(response: Response, asked: Export<Row>): Promise<void> {
  const { format, pages } = asked;
  const ahead = await startReading(pages); // a query that fails still gets a problem, not half a file
  response.setHeader('Content-Type', EXPORT_TYPES[format]);
  response.setHeader('Content-Disposition', `attachment; filename="${fileName(asked)}"`);
  response.setHeader('Cache-Control', 'no-store');
  try {
    await pipeline(toBytes(asked, ahead), response);
  } catch (error) {
    if (!isClientGone(error)) throw error;
  } finally {
    await ahead.return();
  }
}

function toBytes<Row>(asked: Export<Row>, pages: Pages<Row>): Readable {
  const { table } = asked;
  switch (asked.format) {
    case 'csv':
      return Readable.from(toCsv(asked, pages));
    case 'ndjson':
      return Readable.from(toNdjson(pages));
    case 'xlsx':
      return xlsxStream(table.name, table.columns, toRows(table, pages));
  }
}

async function* toCsv<Row>({ table, hasMark }: Export<Row>, pages: Pages<Row>): AsyncGenerator<string> {
  yield `${hasMark === true ? BYTE_ORDER_MARK : ''}${table.columns.map(({ name }) => name).join(',')}\r\n`;
  for await (const page of pages) {
    yield* toChunks(page, (row) => table.toLine?.(row) ?? csvRow(table.toCells(row)));
  }
}

async function* toNdjson(pages: Pages<unknown>): AsyncGenerator<string> {
  for await (const page of pages) yield* toChunks(page, (row) => `${writeJson(row)}\n`);
}

/**
 * Rows as texts of some {@link CHUNK} characters: large enough for an efficient write, small enough to be freed by
 * young collections.
 */
function* toChunks<Row>(rows: readonly Row[], toText: (row: Row) => string): Generator<string> {
  let chunk = '';
  for (const row of rows) {
    chunk += toText(row);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

async function* toRows<Row>(table: Table<Row>, pages: Pages<Row>): AsyncGenerator<Cell[]> {
  for await (const page of pages) for (const row of page) yield table.toCells(row);
}

/** Reads the first page now and from then on one page ahead, so that the database works while a page is written. */
async function startReading<Row>(pages: Pages<Row>): Promise<Pages<Row>> {
  const first = await pages.next();
  return readAhead(first, pages);
}

async function* readAhead<Row>(first: IteratorResult<Row[], void>, pages: Pages<Row>): Pages<Row> {
  try {
    let current = first;
    while (current.done !== true) {
      const next = pages.next();
      next.catch(() => undefined); // thrown when it is awaited; if the client disconnects first, it does not matter
      if (current.value.length > 0) yield current.value;
      current = await next;
    }
  } finally {
    await pages.return();
  }
}

/**
 * Contains nothing of the tenant, since file names end up in mail and backups. No file goes back to before there was
 * anything, nor holds what is to come.
 */
function fileName<Row>({ table, range, label, format }: Export<Row>): string {
  const parts = [table.name];
  if (label !== undefined) parts.push(label);
  else if (range !== null) parts.push(range.from <= EARLIEST_TIME ? 'until' : day(range.from));
  if (range !== null) parts.push(day(Math.min(range.to, Date.now())));
  return `${parts.join('_')}.${format}`;
}

const BYTE_ORDER_MARK = '\ufeff';

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const isClientGone = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
