import { toMicroseconds } from '../../src/platform/time/time.js';
import { AuditEntriesRepository } from '../../src/audit/search/entries.repository.js';
import { AuditActs } from '../../src/audit/transparency-log/audit-acts.js';
import { AuditTreeRepository } from '../../src/audit/transparency-log/audit-tree.repository.js';
import { EvidenceService } from '../../src/audit/export/evidence.service.js';
import { ExportVerifier } from '../../src/audit/verifier/export-verifier.js';
import type { Verdict, VerifyOptions } from '../../src/audit/verifier/verdict.js';
import { AuditEntryWriter } from '../../src/audit/entries/entry-writer.js';
import { canonicalJson, type JsonValue } from '../../src/audit/transparency-log/canonical-json.js';
import { type EntryColumns, type SealableEntry } from '../../src/audit/transparency-log/leaf.js';
import { ProofsService } from '../../src/audit/transparency-log/proofs.service.js';
import { SealingService } from '../../src/audit/transparency-log/sealing.service.js';
import { SigningKey } from '../../src/audit/transparency-log/signing-key.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database, type Sql } from '../../src/platform/database/database.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { formatUuid, parseUuid, uuid7, uuid7Time } from '../../src/platform/database/uuid7.js';

/** An id as if it had been made then; the generator itself never goes backwards. */
export function idOf(ms: number): string {
  const bytes = parseUuid(uuid7());
  bytes.writeUIntBE(Math.floor(ms), 0, 6);
  return formatUuid(bytes);
}

/** Recorded at the time of its id. */
function auditEntry(given: Partial<SealableEntry> = {}): SealableEntry {
  const id = given.id ?? uuid7();
  const recorded = toMicroseconds(uuid7Time(parseUuid(id)));
  return {
    id,
    tenant_id: DEFAULT_TENANT_ID,
    source: 'api',
    client_id: 'shop',
    key_id: null,
    action_type: 'UPDATE',
    resource_type: 'order',
    severity: 'INFO',
    status: null,
    functionality: null,
    event_type: null,
    store_id: null,
    company_id: null,
    occurred_at: recorded,
    created_at: recorded,
    user_id: 'ada',
    session_id: null,
    ip_address: '192.0.2.7',
    user_agent: null,
    resource_id: '42',
    message: 'changed',
    idempotency_key: null,
    before_state: { total: 1 },
    after_state: { total: 2.5, lines: ['a', null] },
    metadata: null,
    ...given,
  };
}

/** What the columns of an entry are given. */
export function columnsOf(entry: SealableEntry): EntryColumns {
  const text = (value: JsonValue) => (value === null ? null : canonicalJson(value));
  return {
    ...entry,
    id: parseUuid(entry.id),
    tenant_id: parseUuid(entry.tenant_id),
    key_id: entry.key_id === null ? null : parseUuid(entry.key_id),
    occurred_at: Date.parse(entry.occurred_at),
    created_at: Date.parse(entry.created_at),
    before_state: text(entry.before_state),
    after_state: text(entry.after_state),
    metadata: text(entry.metadata),
  };
}

/** Sealing and proofs without HTTP and without a worker: entries wait until a test seals them. */
export class TestTrail {
  readonly database: Database;
  readonly trees = new AuditTreeRepository();
  readonly sealing: SealingService;
  readonly proofs: ProofsService;
  readonly acts: AuditActs;
  readonly evidence: EvidenceService;
  private readonly writer: AuditEntryWriter;

  /** @param database what to work on instead of pools of its own */
  constructor(databaseUrl: string, env: Record<string, string> = {}, database?: Database) {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, DB_POOL_SIZE: '16', ...env });
    this.database = database ?? new Database(config);
    const key = new SigningKey(config, this.database);
    this.sealing = new SealingService(config, this.database, this.trees, key);
    this.proofs = new ProofsService(this.database, this.trees);
    this.acts = new AuditActs(this.database, this.trees, this.sealing);
    this.writer = new AuditEntryWriter(this.database);
    this.evidence = new EvidenceService(this.database, this.trees, new AuditEntriesRepository(this.database));
  }

  async stop(): Promise<void> {
    await this.database.onApplicationShutdown();
  }

  /** Stores an entry as the write path does. */
  async write(given: Partial<SealableEntry> = {}, sql: Sql = this.database.system): Promise<SealableEntry> {
    const entry = auditEntry(given);
    const columns = columnsOf(entry);
    await this.writer.append(sql, [{ id: entry.id, columns, ledgerKey: null, fingerprint: null }]);
    return entry;
  }

  async sealAll(): Promise<number> {
    for (let sealed = 0; ;) {
      const pass = await this.sealing.sealOnce();
      sealed += pass.sealed;
      if (!pass.more) return sealed;
    }
  }

  async export(tenantId: string): Promise<string[]> {
    const lines: string[] = [];
    for await (const line of this.evidence.completeLines(tenantId)) lines.push(JSON.stringify(line));
    return lines;
  }
}

/** The lines of an export made with filters, in pages. */
export async function exportFiltered(trail: TestTrail, tenantId: string, ...pages: { id: string }[][]) {
  const attach = await trail.evidence.openFiltered(tenantId, { user_id: 'ada' });
  const lines: string[] = [];
  for (const page of pages) for (const line of await attach(page)) lines.push(JSON.stringify(line));
  return lines;
}

export function verifyLines(lines: readonly string[], options: VerifyOptions = {}): Verdict {
  const verifier = new ExportVerifier(options);
  for (const line of lines) verifier.addLine(line);
  return verifier.finish();
}
