import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { Database } from '../../platform/database/database.js';
import type { Principal } from '../../platform/http/principal.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import type { TimeRange } from '../../platform/time/time.js';
import type { PrintedEntry } from '../search/printed-entry.js';
import { csvTable, entryTable } from './entry-table.js';
import { type ExportFormat, type Pages, sendExport, type Table } from './send-export.js';
import { EvidenceService } from './evidence.service.js';
import type { EvidenceLine } from './evidence-lines.js';
import { recordOf } from '../entries/act.js';
import { AuditEntriesRepository } from '../search/entries.repository.js';
import type { ExportEntriesQuery } from './export.dto.js';
import type { EntryFilter, Position } from '../search/entry-filter.js';
import { isTextSearch } from '../search/entry-sql.js';
import { toFilter } from '../search/entry-query.js';
import { AuditEntryWriter } from '../entries/entry-writer.js';

const ROWS_PER_PAGE = 2_000;
/** Each entry comes with a leaf and a proof, and memory must stay constant. */
const PROVEN_ROWS_PER_PAGE = 250;

interface ExportOptions {
  format: ExportFormat;
  timeZone: string;
  /** Start of the file's name. */
  name: string;
  /** As the caller gave it, for the record of the export. */
  asked: object;
  /** Only this part of the matches. */
  part?: { offset: number; limit: number };
  hasMark?: boolean;
  /** What the file's name says instead of the range. */
  label?: string;
  /** What its columns are; those of entries unless given. */
  toTable?: (name: string, timeZone: string) => Table<PrintedEntry>;
}

@Injectable()
export class EntryExportService {
  constructor(
    private readonly database: Database,
    private readonly entries: AuditEntriesRepository,
    private readonly writer: AuditEntryWriter,
    private readonly evidence: EvidenceService,
  ) {}

  async send(caller: Principal, query: ExportEntriesQuery, response: Response): Promise<void> {
    const { format, tz, bom, ...filters } = query;
    const asked = { ...filters, ...zoneOf(query) };
    const options = { format, timeZone: tz, name: 'audit-entries', asked, hasMark: bom === 'true' };
    await this.sendFiltered(caller, toFilter(query), options, response);
  }

  /** Streams the entries of `filter`, newest first, after recording the export. */
  async sendFiltered(
    caller: Principal,
    filter: EntryFilter,
    options: ExportOptions,
    response: Response,
  ): Promise<void> {
    const { format, hasMark, label, toTable = entryTable } = options;
    const isWhole = format === 'ndjson' && Object.values(options.asked).every((value) => value === undefined);
    const range = isWhole ? null : filter.range;
    await this.recordExport(caller, options.name, format, { range }, options.asked);
    if (format === 'ndjson') {
      const pages = isWhole
        ? inPages(this.evidence.completeLines(caller.tenantId))
        : this.provablePages(caller.tenantId, filter, options.asked);
      return sendExport(response, { format, range, table: { ...NO_TABLE, name: options.name }, pages });
    }
    if (format === 'csv' && options.timeZone === 'UTC' && options.part === undefined && !isTextSearch(filter)) {
      const pages = this.csvPages(caller.tenantId, filter);
      return sendExport(response, { format, range, table: csvTable(options.name), pages, hasMark });
    }
    return sendExport(response, {
      format,
      range,
      label,
      hasMark,
      table: toTable(options.name, options.timeZone),
      pages: this.printPages(caller.tenantId, filter, options.part),
    });
  }

  /**
   * Who exported which data is part of the audit trail, and is written before the first byte is sent. Without a range:
   * everything.
   */
  async recordExport(
    caller: Principal,
    name: string,
    format: string,
    { range }: { range: TimeRange | null },
    asked: object,
  ): Promise<void> {
    const held = range === null ? { complete: true } : rangeOf(range);
    const metadata = { format, ...asked, ...held };
    const record = recordOf(caller, {
      ...{ action: 'VIEW', resource: 'export', id: name, message: `Exported as ${format}` },
      metadata,
    });
    await this.writer.append(this.database.system, [record]);
  }

  /** The matching entries, each line with its own proof. */
  private async *provablePages(tenantId: string, filter: EntryFilter, asked: object): Pages<EvidenceLine> {
    const filters = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
    const attach = await this.evidence.openFiltered(tenantId, filters);
    const read = (size: number, after: Position | undefined) => this.entries.list(tenantId, filter, size, after);
    for await (const page of readPages(PROVEN_ROWS_PER_PAGE, read)) {
      yield await attach(page);
    }
  }

  /**
   * Formatting a page costs PostgreSQL far more than finding where it ends. So the next page is formatted at the same
   * time, on another connection.
   */
  private async *csvPages(tenantId: string, filter: EntryFilter): Pages<string> {
    const start = async (after: Position | undefined) => {
      const upTo = (await this.entries.findAhead(tenantId, filter, ROWS_PER_PAGE, after)) ?? undefined;
      const printed = this.entries.printCsv(tenantId, filter, { after, upTo });
      printed.catch(() => undefined); // thrown when it is awaited; if the client disconnects first, it does not matter
      return { upTo, printed };
    };
    let current = await start(undefined);
    while (current.upTo !== undefined) {
      const next = await start(current.upTo);
      yield await current.printed;
      current = next;
    }
    yield await current.printed;
  }

  private async *printPages(tenantId: string, filter: EntryFilter, part: ExportOptions['part']): Pages<PrintedEntry> {
    if (part !== undefined) yield await this.entries.printPage(tenantId, filter, part.limit, part.offset);
    else yield* readPages(ROWS_PER_PAGE, (size, after) => this.entries.print(tenantId, filter, size, after));
  }
}

/** The time zone, where the range needs it to be understood. */
const zoneOf = ({ from, to, tz }: ExportEntriesQuery) => (tz === 'UTC' || (from ?? to) === undefined ? {} : { tz });

/** The whole trail in the order of its leaves, page by page: single lines would cost a write and an HTTP chunk each. */
async function* inPages(lines: AsyncGenerator<EvidenceLine>): Pages<EvidenceLine> {
  let page: EvidenceLine[] = [];
  for await (const line of lines) {
    page.push(line);
    if (page.length < PROVEN_ROWS_PER_PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Lines of JSON have no columns. */
const NO_TABLE = { columns: [], toCells: () => [] };

async function* readPages<Row extends { id: string; occurred_at: string }>(
  size: number,
  read: (size: number, after: Position | undefined) => Promise<Row[]>,
): Pages<Row> {
  let after: Position | undefined;
  for (;;) {
    const page = await read(size, after);
    yield page;
    const last = page.at(-1);
    if (page.length < size || last === undefined) return;
    after = { occurredAt: last.occurred_at, id: last.id };
  }
}
