import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { decodeCursor, toPage } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/principal.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import type { TimeRange } from '../../platform/time/time.js';
import type {
  ApiCallPage,
  ApiCallResponse,
  ExportApiCallsQuery,
  ListApiCallsQuery,
} from '../call-log/api-calls.dto.js';
import { ApiCallsRepository } from '../call-log/api-calls.repository.js';
import { EntryExportService } from '../export/entry-export.service.js';
import { type Pages, sendExport, type Table } from '../export/send-export.js';

const ROWS_PER_READ = 1_000;

@Injectable()
export class ApiCallsService {
  constructor(
    private readonly calls: ApiCallsRepository,
    private readonly exports: EntryExportService,
  ) {}

  async list(tenantId: string, query: ListApiCallsQuery): Promise<ApiCallPage> {
    const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const range = toTimeRange(query);
    const rows = await this.calls.list(tenantId, range, query, query.limit + 1, before);
    return { ...rangeOf(range), ...toPage(rows, query.limit) };
  }

  /** Writes all matching calls to `response`, a thousand at a time, so memory is constant at any size. */
  async export(caller: Principal, query: ExportApiCallsQuery, response: Response): Promise<void> {
    const range = toTimeRange(query);
    const { format, bom, tz: _tz, ...asked } = query;
    await this.exports.recordExport(caller, TABLE.name, format, { range }, asked);
    const pages = this.readAll(caller.tenantId, range, query);
    await sendExport(response, { format, range, table: TABLE, pages, hasMark: bom === 'true' });
  }

  private async *readAll(tenantId: string, range: TimeRange, query: ExportApiCallsQuery): Pages<ApiCallResponse> {
    let before: string | undefined;
    for (;;) {
      const rows = await this.calls.list(tenantId, range, query, ROWS_PER_READ, before);
      yield rows;
      if (rows.length < ROWS_PER_READ) return;
      before = rows.at(-1)?.id;
    }
  }
}

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

const TABLE: Table<ApiCallResponse> = {
  name: 'api-calls',
  columns: CSV_COLUMNS.map((name) => ({ name })),
  toCells: (call) => CSV_COLUMNS.map((column) => call[column]),
};
