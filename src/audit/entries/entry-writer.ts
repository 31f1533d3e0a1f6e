import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { byteaArray, textArray, timestamptzArray, uuidArray } from '../../platform/database/pg-arrays.js';
import type { OpenCall } from '../call-log/api-call.js';
import { recordOfOnePerson } from '../call-log/one-person.js';
import { apiCallColumns } from '../call-log/api-calls.repository.js';
import { buildLeaf, JSON_FIELDS, newSalts } from '../transparency-log/leaf.js';
import type { NewEntry } from './entry.js';
import { FIND_KNOWN, INSERT, INSERT_WITH_CALL, TEXT_COLUMNS } from './entry-writer-sql.js';

/** The outcome of one entry. `id` is that of the entry stored first under the same idempotency key. */
export interface WriteOutcome {
  status: 'created' | 'duplicate' | 'conflict';
  id: string;
}

/** The only writer of audit entries. */
@Injectable()
export class AuditEntryWriter {
  constructor(private readonly database: Database) {}

  /**
   * Stores entries inside the transaction of `sql`, for acts that record themselves.
   * @throws where the transaction must not commit without its entry
   */
  async append(sql: Sql, entries: readonly NewEntry[]): Promise<void> {
    await sql.query(INSERT, columnsOf(entries));
  }

  /**
   * Commits entries, and with them the call log row of their request if any entry is new.
   * @param statusCode of the answer to come
   */
  async write(entries: readonly NewEntry[], call: OpenCall, statusCode: number): Promise<WriteOutcome[]> {
    const row = call.toApiCall(statusCode, null, null);
    const people = entries.map(({ columns }) => ({
      id: columns.id,
      userId: columns.user_id,
      sessionId: columns.session_id,
    }));
    row.id = recordOfOnePerson(people) ?? row.id;
    const { rows } = await this.database.system.query<{ id: string }>({
      name: 'auditEntries.insertWithCall',
      text: INSERT_WITH_CALL,
      values: [...columnsOf(entries), ...apiCallColumns([row])],
    });
    const stored = new Set(rows.map(({ id }) => id));
    if (stored.size > 0) call.recorded = true;
    if (stored.size === entries.length) return entries.map(({ id }) => ({ status: 'created', id }));
    const known = await this.findKnown(entries.filter(({ id }) => !stored.has(id)));
    return entries.map(({ id }) => known.get(id) ?? { status: 'created', id });
  }

  /** Keyed by the id of the entry that was not stored. */
  private async findKnown(entries: readonly NewEntry[]): Promise<Map<string, WriteOutcome>> {
    const { rows } = await this.database.system.query<{ n: number; id: string; same: boolean }>({
      name: 'auditEntries.findKnown',
      text: FIND_KNOWN,
      values: [
        entries.map((_, n) => n),
        uuidArray(entries.map((entry) => entry.ledgerKey)),
        byteaArray(entries.map((entry) => entry.fingerprint)),
      ],
    });
    return new Map(rows.map(({ n, id, same }) => [entries[n]!.id, { status: same ? 'duplicate' : 'conflict', id }]));
  }
}

/** The leaf is made here, from the same values that the columns get, so nothing else can be sealed. */
function columnsOf(entries: readonly NewEntry[]): unknown[] {
  const rows = entries.map(({ columns }) => columns);
  const salts = rows.map(() => newSalts());
  return [
    uuidArray(rows.map((row) => row.tenant_id)),
    uuidArray(rows.map((row) => row.id)),
    uuidArray(rows.map((row) => row.key_id)),
    timestamptzArray(rows.map((row) => row.occurred_at)),
    timestamptzArray(rows.map((row) => row.created_at)),
    byteaArray(salts),
    byteaArray(rows.map((row, n) => buildLeaf(row, salts[n]!))),
    rows.map((row) => row.store_id),
    rows.map((row) => row.company_id),
    ...[...TEXT_COLUMNS, ...JSON_FIELDS].map((column) => textArray(rows.map((row) => row[column]))),
    uuidArray(entries.map(({ ledgerKey }) => ledgerKey)),
    byteaArray(entries.map(({ fingerprint }) => fingerprint)),
  ];
}
