import { Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { decodeCursor, type Page, toPage } from '../platform/cursor.js';
import { toTimeRange } from '../platform/query.dto.js';
import type { ApiCallResponse, ExportApiCallsQuery, ExportFormat, ListApiCallsQuery } from './api-calls.dto.js';
import { ApiCallsRepository } from './api-calls.repository.js';

const ROWS_PER_READ = 1_000;

const CONTENT_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

@Injectable()
export class ApiCallsService {
  constructor(private readonly calls: ApiCallsRepository) {}

  async list(tenantId: string, query: ListApiCallsQuery): Promise<Page<ApiCallResponse>> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const rows = await this.calls.list(tenantId, toTimeRange(query), query, query.limit + 1, before);
    return toPage(rows, query.limit);
  }

  /** Writes all matching calls to `response`, a thousand at a time, so memory stays flat at any size. */
  async export(tenantId: string, query: ExportApiCallsQuery, response: Response): Promise<void> {
    const rows = this.readAll(tenantId, query);
    const first = await rows.next(); // a query that fails still gets a problem, not half a file
    response.setHeader('Content-Type', CONTENT_TYPES[query.format]);
    response.setHeader('Content-Disposition', `attachment; filename="api-calls.${query.format}"`);
    const all = Readable.from(prepend(first, rows));
    await pipeline(all, query.format === 'csv' ? toCsv() : toNdjson(), response);
  }

  private async *readAll(tenantId: string, query: ExportApiCallsQuery): AsyncGenerator<ApiCallResponse, undefined> {
    const range = toTimeRange(query);
    let before: string | undefined;
    for (;;) {
      const rows = await this.calls.list(tenantId, range, query, ROWS_PER_READ, before);
      yield* rows;
      if (rows.length < ROWS_PER_READ) return undefined;
      before = rows.at(-1)?.id;
    }
  }
}

async function* prepend<T>(first: IteratorResult<T, undefined>, rest: AsyncGenerator<T, undefined>): AsyncGenerator<T> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

/** `escape_formulas`: a cell that a spreadsheet would run starts with an apostrophe instead. */
const toCsv = () => stringify({ header: true, escape_formulas: true, columns: CSV_COLUMNS });

const toNdjson = () =>
  new Transform({
    writableObjectMode: true,
    transform: (row, _encoding, done) => done(null, `${JSON.stringify(row)}\n`),
  });

const CSV_COLUMNS: (keyof ApiCallResponse)[] = [
  'timestamp',
  'id',
  'request_id',
  'tenant_id',
  'client_id',
  'key_id',
  'method',
  'path',
  'route',
  'status_code',
  'duration_ms',
  'ip',
  'user_agent',
  'request_bytes',
  'response_bytes',
  'error',
  'calls',
];
