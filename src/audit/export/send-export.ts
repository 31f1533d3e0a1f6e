import type { Response } from 'express';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeJson } from '../../platform/json/json-text.js';
import type { TimeRange } from '../../platform/time/time.js';
import { type Cell, csvRow } from './csv.js';
import { xlsxStream } from './xlsx.js';

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
  columns: readonly string[];
  toCells: (row: Row) => Cell[];
  /** For rows that are csv already. */
  toLine?: (row: Row) => string;
}

interface Export<Row> {
  format: ExportFormat;
  range: TimeRange | null;
  table: Table<Row>;
  pages: Pages<Row>;
}

/**
 * Streams pages as a file. Memory is constant at any size: one page is being written, one is read ahead, and both wait
 * for a slow client. When the client disconnects, reading stops with the current page.
 */
export async function sendExport<Row>(response: Response, { format, range, table, pages }: Export<Row>): Promise<void> {
  const ahead = await startReading(pages); // a query that fails still gets a problem, not half a file
  response.setHeader('Content-Type', EXPORT_TYPES[format]);
  response.setHeader('Content-Disposition', `attachment; filename="${fileName(table.name, range, format)}"`);
  response.setHeader('Cache-Control', 'no-store');
  try {
    await pipeline(toBytes(format, table, ahead), response);
  } catch (error) {
    if (!isClientGone(error)) throw error;
  } finally {
    await ahead.return();
  }
}

function toBytes<Row>(format: ExportFormat, table: Table<Row>, pages: Pages<Row>): Readable {
  switch (format) {
    case 'csv':
      return Readable.from(toCsv(table, pages));
    case 'ndjson':
      return Readable.from(toNdjson(pages));
    case 'xlsx':
      return xlsxStream(table.name, table.columns, toRows(table, pages));
  }
}

async function* toCsv<Row>(table: Table<Row>, pages: Pages<Row>): AsyncGenerator<string> {
  yield `${table.columns.join(',')}\r\n`;
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

/** Contains nothing of the tenant, since file names end up in mail and backups. */
function fileName(name: string, range: TimeRange | null, format: ExportFormat): string {
  const days = range === null ? '' : `_${day(range.from)}_${day(range.to)}`;
  return `${name}${days}.${format}`;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const isClientGone = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
