import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database.js';
import type { ExportedEntry } from './entry.js';
import type { EntryFilter, Position } from './entry-filter.js';
import { after, conditions, ENTRY_COLUMNS, isTextSearch, NEWEST_FIRST, Parameters } from './entry-sql.js';
import { searchIds } from './entry-search.js';

/** An entry with what proves it. */
export interface ProvableEntry extends ExportedEntry {
  salt: Buffer | null;
  leaf: Buffer;
}

const FIND = `/* auditEntries.find */
select ${ENTRY_COLUMNS} from audit_entries where tenant_id = $1 and id = $2`;

const LIST_BY_IDS = `/* auditEntries.listByIds */
select ${ENTRY_COLUMNS}, salt, leaf from audit_entries where tenant_id = $1 and id = any($2::uuid[])`;

const LIST_FOUND = `/* auditEntries.listFound */
select ${ENTRY_COLUMNS} from audit_entries where tenant_id = $1 and id = any($2::uuid[]) ${NEWEST_FIRST}`;

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
    return this.database.inTenant(tenantId, async (sql) => {
      if (!isTextSearch(filter)) return listPlain(sql, tenantId, filter, limit, position);
      const ids = await searchIds(sql, tenantId, filter, limit, position);
      const { rows } = await sql.query<ExportedEntry>(LIST_FOUND, [tenantId, ids]);
      return rows;
    });
  }

  /** In any order, inside the caller's transaction. */
  async listByIds(sql: Sql, tenantId: string, ids: readonly string[]): Promise<ProvableEntry[]> {
    const { rows } = await sql.query<ProvableEntry>(LIST_BY_IDS, [tenantId, ids]);
    return rows;
  }
}

async function listPlain(
  sql: Sql,
  tenantId: string,
  filter: EntryFilter,
  limit: number,
  position: Position | undefined,
): Promise<ExportedEntry[]> {
  const parameters = new Parameters();
  const where = [...conditions(filter, tenantId, parameters), ...after(position, parameters)].join(' and ');
  const text = `/* auditEntries.list */
select ${ENTRY_COLUMNS} from audit_entries where ${where} ${NEWEST_FIRST} limit ${parameters.add(limit)}`;
  const { rows } = await sql.query<ExportedEntry>(text, parameters.values);
  return rows;
}
