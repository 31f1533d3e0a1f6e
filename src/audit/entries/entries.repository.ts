import { Injectable } from '@nestjs/common';
import type { QueryResultRow } from 'pg';
import { Database, type Sql } from '../../platform/database.js';
import { CSV_LINE, PRINTED_COLUMNS, type PrintedEntry } from '../export/entry-table.js';
import type { ExportedEntry } from './entry.js';
import type { EntryFilter, Position } from './entry-filter.js';
import {
  after,
  conditions,
  ENTRY_COLUMNS,
  isTextSearch,
  matching,
  NEWEST_FIRST,
  Parameters,
  sourceOf,
} from './entry-sql.js';
import { searchIds } from './entry-search.js';
import { countEntries, type EntryStats } from './entry-stats.js';

/** Matches are counted up to here, so that no count costs more than a second or so. */
export const MAX_COUNTED = 1_000_000;

/** An entry with what proves it. */
export interface ProvableEntry extends ExportedEntry {
  salt: Buffer | null;
  leaf: Buffer;
}

const FIND = `/* auditEntries.find */
select ${ENTRY_COLUMNS} from audit_entries where tenant_id = $1 and id = $2`;

const LIST_BY_IDS = `/* auditEntries.listByIds */
select ${ENTRY_COLUMNS}, salt, leaf from audit_entries where tenant_id = $1 and id = any($2::uuid[])`;

/** Entries as one text of csv. */
export interface CsvPage {
  text: string;
  rows: number;
  /** Of the last entry; null when there is none. */
  occurred_at: string | null;
  id: string | null;
}

/** Reads audit entries, each time for one tenant. */
@Injectable()
export class AuditEntriesRepository {
  constructor(private readonly database: Database) {}

  async find(tenantId: string, id: string): Promise<ExportedEntry | null> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ExportedEntry>(FIND, [tenantId, id]);
      return rows[0] ?? null;
    });
  }

  /** Up to `limit` entries after `position`, newest first. */
  async list(tenantId: string, filter: EntryFilter, limit: number, position?: Position): Promise<ExportedEntry[]> {
    return this.select<ExportedEntry>(ENTRY_COLUMNS, tenantId, filter, limit, position);
  }

  /** The same, every column as text. */
  async print(tenantId: string, filter: EntryFilter, limit: number, position?: Position): Promise<PrintedEntry[]> {
    return this.select<PrintedEntry>(PRINTED_COLUMNS, tenantId, filter, limit, position);
  }

  /** The same as text of csv, times in UTC. */
  async printCsv(tenantId: string, filter: EntryFilter, limit: number, position?: Position): Promise<CsvPage> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { text, values } = await listQuery(`occurred_at, id, ${CSV_LINE} as line`, sql, tenantId, {
        ...{ filter, limit, position },
      });
      const { rows } = await sql.query<CsvPage>(
        `/* auditEntries.printCsv */ with page as materialized (${text}),
         oldest as (select occurred_at, id from page order by occurred_at, id limit 1)
         select coalesce(string_agg(line, '' order by occurred_at desc, id desc), '') as text, count(*)::int as rows,
                (select occurred_at::text from oldest) as occurred_at, (select id from oldest) as id from page`,
        values,
      );
      return rows[0]!; // an aggregate has one row
    });
  }

  /** The rows from `offset` on, and how many there are in all, counted up to {@link MAX_COUNTED}. */
  async listPage(
    tenantId: string,
    filter: EntryFilter,
    limit: number,
    offset: number,
  ): Promise<{ rows: ExportedEntry[]; total: number }> {
    return this.database.inTenant(tenantId, async (sql) => {
      const total = await countMatches(sql, tenantId, filter);
      if (offset >= total) return { rows: [], total };
      return { rows: await selectPage<ExportedEntry>(sql, ENTRY_COLUMNS, tenantId, filter, limit, offset), total };
    });
  }

  /** The same rows, every column as text, and without counting. */
  async printPage(tenantId: string, filter: EntryFilter, limit: number, offset: number): Promise<PrintedEntry[]> {
    return this.database.inTenant(tenantId, (sql) =>
      selectPage<PrintedEntry>(sql, PRINTED_COLUMNS, tenantId, filter, limit, offset),
    );
  }

  /** Counts by action, severity, resource type and day of a time zone. */
  async stats(tenantId: string, filter: EntryFilter, timeZone: string): Promise<EntryStats> {
    return this.database.inTenant(tenantId, (sql) => countEntries(sql, tenantId, filter, timeZone));
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
    return this.database.inTenant(tenantId, async (sql) => {
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
    : [...conditions(filter, tenantId, parameters), ...after(position, parameters)];
  const text = `select ${columns} from audit_entries e where ${where.join(' and ')} ${NEWEST_FIRST} limit ${parameters.add(limit)}`;
  return { text, values: parameters.values };
}

async function selectPage<Row extends QueryResultRow>(
  sql: Sql,
  columns: string,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  offset: number,
): Promise<Row[]> {
  const parameters = new Parameters();
  const text = `/* auditEntries.page */
select ${columns} from ${sourceOf(filter)} e where ${matching(filter, tenantId, parameters)}
${NEWEST_FIRST} limit ${parameters.add(limit)} offset ${parameters.add(offset)}`;
  return (await sql.query<Row>(text, parameters.values)).rows;
}

async function countMatches(sql: Sql, tenantId: string, filter: EntryFilter): Promise<number> {
  const parameters = new Parameters();
  const text = `/* auditEntries.countMatches */
select count(*)::int as count from (
  select from ${sourceOf(filter)} where ${matching(filter, tenantId, parameters)} limit ${MAX_COUNTED}) matches`;
  return (await sql.query<{ count: number }>(text, parameters.values)).rows[0]?.count ?? 0;
}

function found(tenantId: string, ids: readonly string[], parameters: Parameters): string[] {
  return [`tenant_id = ${parameters.add(tenantId)}`, `id = any(${parameters.add(ids)}::uuid[])`];
}
