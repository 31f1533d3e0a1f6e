import { Injectable } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import { Database, type Sql } from '../../platform/database/database.js';
import { CSV_LINE, PRINTED_COLUMNS, type PrintedEntry } from './printed-entry.js';
import type { ExportedEntry, ShownEntry } from '../entries/entry.js';
import type { EntryFilter, Position } from '../search/entry-filter.js';
import {
  conditions,
  ENTRY_COLUMNS,
  isTextSearch,
  matching,
  NEWEST_FIRST,
  notBefore,
  SHOWN_COLUMNS,
  sourceOf,
} from './entry-sql.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { type ReadFilter, readTerms } from './search-terms.repository.js';
import { searchIds } from '../search/entry-search.repository.js';
import { countEntries, type EntryStats } from '../search/entry-stats.repository.js';

/** Matches are counted up to here, so that no count costs more than a second or so. */
export const MAX_COUNTED = 1_000_000;

/** An entry with what proves it. */
export interface ProvableEntry extends ExportedEntry {
  salts: Buffer;
  /** Leaf indexes of the erasures that removed something of it. */
  erasures: number[];
  leaf: Buffer;
}

/** Where entries are read from to be proven. */
export interface ProvableEntries {
  /** In any order; those that are not there are left out. */
  listByIds(sql: Sql, tenantId: string, ids: readonly string[]): Promise<ProvableEntry[]>;
}

const FIND = `/* auditEntries.find */
select ${SHOWN_COLUMNS} from audit_entries where tenant_id = $1 and id = $2`;

const LIST_BY_IDS = `/* auditEntries.listByIds */
select ${ENTRY_COLUMNS}, salts, coalesce(erasures, '{}')::float8[] as erasures, leaf from audit_entries where tenant_id = $1 and id = any($2::uuid[])`;

/** Texts of this size are freed by young collections; a whole page in one text would become old garbage. */
const LINES_PER_TEXT = 64;

/**
 * Entries after one entry, up to and including another. Without a start: from the newest; without an end: to the
 * oldest.
 */
export interface RecordPage {
  after: Position | undefined;
  upTo: Position | undefined;
}

/** Reads audit entries, each time for one tenant. */
@Injectable()
export class AuditEntriesRepository implements ProvableEntries {
  constructor(private readonly database: Database) {}

  async find(tenantId: string, id: string): Promise<ShownEntry | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ShownEntry>(FIND, [tenantId, id]);
      return rows[0] ?? null;
    });
  }

  /** Up to `limit` entries after `position`, newest first. */
  async list(tenantId: string, filter: EntryFilter, limit: number, position?: Position): Promise<ShownEntry[]> {
    return this.select<ShownEntry>(SHOWN_COLUMNS, tenantId, filter, limit, position);
  }

  /** The same, every column as text. */
  async print(tenantId: string, filter: EntryFilter, limit: number, position?: Position): Promise<PrintedEntry[]> {
    return this.select<PrintedEntry>(PRINTED_COLUMNS, tenantId, filter, limit, position);
  }

  /** The same as text of csv, times in UTC, for filters without text. */
  async printCsv(tenantId: string, filter: EntryFilter, { after, upTo }: RecordPage): Promise<string[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const parameters = new Parameters();
      const where = conditions(filter, tenantId, parameters, after);
      if (upTo !== undefined) where.push(notBefore(upTo, parameters));
      // The planner estimates a page as a third of all entries, and would sort them instead of walking the index.
      const planning = sql.query('set local enable_sort = off; set local max_parallel_workers_per_gather = 0');
      const printing = sql.query<{ text: string }>(
        `/* auditEntries.printCsv */
         with lines as (
           select ${CSV_LINE} as line, row_number() over (${NEWEST_FIRST}) - 1 as n
           from audit_entries e where ${where.join(' and ')})
         select string_agg(line, '' order by n) as text from lines
         group by n / ${LINES_PER_TEXT} order by n / ${LINES_PER_TEXT}`,
        parameters.values,
      );
      const [{ rows }] = await Promise.all([printing, planning]);
      return rows.map(({ text }) => text);
    });
  }

  /** The last of the `count` entries after `position`; null when there are fewer. For filters without text. */
  async findAhead(
    tenantId: string,
    filter: EntryFilter,
    count: number,
    position: Position | undefined,
  ): Promise<Position | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const parameters = new Parameters();
      const { rows } = await sql.query<{ at: string; id: string }>(
        `/* auditEntries.findAhead */ select occurred_at::text as at, id from audit_entries e
         where ${conditions(filter, tenantId, parameters, position).join(' and ')}
         ${NEWEST_FIRST} limit 1 offset ${parameters.add(count - 1)}`,
        parameters.values,
      );
      const [row] = rows;
      return row === undefined ? null : { occurredAt: row.at, id: row.id };
    });
  }

  /** The rows from `offset` on, and how many there are in all, counted up to {@link MAX_COUNTED}. */
  async listPage(
    tenantId: string,
    asked: EntryFilter,
    limit: number,
    offset: number,
  ): Promise<{ rows: ShownEntry[]; total: number }> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const filter = await readTerms(sql, asked);
      const total = await countMatches(sql, tenantId, filter);
      if (offset >= total) return { rows: [], total };
      return { rows: await selectPage<ShownEntry>(sql, SHOWN_COLUMNS, tenantId, filter, limit, offset), total };
    });
  }

  /** The same rows, every column as text, and without counting. */
  async printPage(tenantId: string, asked: EntryFilter, limit: number, offset: number): Promise<PrintedEntry[]> {
    return this.database.readInTenant(tenantId, async (sql) =>
      selectPage<PrintedEntry>(sql, PRINTED_COLUMNS, tenantId, await readTerms(sql, asked), limit, offset),
    );
  }

  /** Counts by action, severity, resource type and day of a time zone. */
  async stats(tenantId: string, filter: EntryFilter, timeZone: string): Promise<EntryStats> {
    return this.database.readInTenant(tenantId, (sql) => countEntries(sql, tenantId, filter, timeZone));
  }

  /** In any order, inside the caller's transaction. */
  async listByIds(sql: Sql, tenantId: string, ids: readonly string[]): Promise<ProvableEntry[]> {
    const { rows } = await sql.query<ProvableEntry>(LIST_BY_IDS, [tenantId, ids]);
    return rows;
  }

  private async select<Row extends QueryResultRow>(
    columns: string,
    tenantId: string,
    filter: EntryFilter,
    limit: number,
    position: Position | undefined,
  ): Promise<Row[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { text, values } = await listQuery(columns, sql, tenantId, { filter, limit, position });
      return (await sql.query<Row>(`/* auditEntries.list */ ${text}`, values)).rows;
    });
  }
}

async function listQuery(
  columns: string,
  sql: Sql,
  tenantId: string,
  { filter, limit, position }: { filter: EntryFilter; limit: number; position: Position | undefined },
): Promise<{ text: string; values: unknown[] }> {
  const parameters = new Parameters();
  const where = isTextSearch(filter)
    ? found(tenantId, await searchIds(sql, tenantId, filter, limit, position), parameters)
    : conditions(filter, tenantId, parameters, position);
  const text = `select ${columns} from audit_entries e where ${where.join(' and ')} ${NEWEST_FIRST} limit ${parameters.add(limit)}`;
  return { text, values: parameters.values };
}

async function selectPage<Row extends QueryResultRow>(
  sql: Sql,
  columns: string,
  tenantId: string,
  filter: ReadFilter,
  limit: number,
  offset: number,
): Promise<Row[]> {
  const parameters = new Parameters();
  const text = `/* auditEntries.page */
select ${columns} from ${sourceOf(filter)} e where ${matching(filter, tenantId, parameters)}
${NEWEST_FIRST} limit ${parameters.add(limit)} offset ${parameters.add(offset)}`;
  return (await sql.query<Row>(text, parameters.values)).rows;
}

async function countMatches(sql: Sql, tenantId: string, filter: ReadFilter): Promise<number> {
  const parameters = new Parameters();
  const text = `/* auditEntries.countMatches */
select count(*)::int as count from (
  select from ${sourceOf(filter)} where ${matching(filter, tenantId, parameters)} limit ${MAX_COUNTED}) matches`;
  return (await sql.query<{ count: number }>(text, parameters.values)).rows[0]?.count ?? 0;
}

function found(tenantId: string, ids: readonly string[], parameters: Parameters): string[] {
  return [`tenant_id = ${parameters.add(tenantId)}`, `id = any(${parameters.add(ids)}::uuid[])`];
}
