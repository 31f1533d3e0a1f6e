import { AuditEntriesRepository } from '../../src/audit/entries/entries.repository.js';
import { AuditActs } from '../../src/audit/proofs/audit-acts.js';
import { AuditTreeRepository } from '../../src/audit/proofs/audit-tree.repository.js';
import { EvidenceService } from '../../src/audit/proofs/evidence.service.js';
import { ExportVerifier, type Verdict, type VerifyOptions } from '../../src/audit/proofs/export-verifier.js';
import { buildLeaf, microseconds, newSalt, type SealableEntry } from '../../src/audit/proofs/leaf.js';
import { ProofsService } from '../../src/audit/proofs/proofs.service.js';
import { SealingService } from '../../src/audit/proofs/sealing.service.js';
import { SigningKey } from '../../src/audit/proofs/signing-key.js';
import { loadConfig } from '../../src/platform/config.js';
import { Database, type Sql } from '../../src/platform/database.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/principal.js';
import { uuid7 } from '../../src/platform/uuid7.js';

export function auditEntry(given: Partial<SealableEntry> = {}): SealableEntry {
  const now = microseconds(Date.now());
  return {
    id: uuid7(),
    tenant_id: DEFAULT_TENANT_ID,
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
    occurred_at: now,
    created_at: now,
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

const COLUMNS = Object.keys(auditEntry()) as (keyof SealableEntry)[];
const JSON_COLUMNS = new Set(['before_state', 'after_state', 'metadata']);

/** Sealing and proofs without HTTP and without a worker: entries wait until a test seals them. */
export class TestTrail {
  readonly database: Database;
  readonly trees = new AuditTreeRepository();
  readonly sealing: SealingService;
  readonly proofs: ProofsService;
  readonly acts: AuditActs;
  readonly evidence: EvidenceService;

  /** @param database what to work on instead of pools of its own */
  constructor(databaseUrl: string, env: Record<string, string> = {}, database?: Database) {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, DB_POOL_SIZE: '16', ...env });
    this.database = database ?? new Database(config);
    const key = new SigningKey(config, this.database);
    this.sealing = new SealingService(config, this.database, this.trees, key);
    this.proofs = new ProofsService(this.database, this.trees);
    this.acts = new AuditActs(this.database, this.trees, this.sealing);
    this.evidence = new EvidenceService(this.database, this.trees, new AuditEntriesRepository(this.database));
  }

  async stop(): Promise<void> {
    await this.database.onApplicationShutdown();
  }

  /** Stores an entry as the write path does: its leaf is made of what is stored. */
  async write(given: Partial<SealableEntry> = {}, sql: Sql = this.database.system): Promise<SealableEntry> {
    const entry = auditEntry(given);
    const salt = newSalt();
    const values = COLUMNS.map((column) =>
      JSON_COLUMNS.has(column) && entry[column] !== null ? JSON.stringify(entry[column]) : entry[column],
    );
    await sql.query(
      `insert into audit_entries (${COLUMNS.join(', ')}, salt, leaf)
       values (${COLUMNS.map((_, n) => `$${n + 1}`).join(', ')}, $${COLUMNS.length + 1}, $${COLUMNS.length + 2})`,
      [...values, salt, buildLeaf(entry, salt)],
    );
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

export function verifyLines(lines: readonly string[], options: VerifyOptions = {}): Verdict {
  const verifier = new ExportVerifier(options);
  for (const line of lines) verifier.addLine(line);
  return verifier.finish();
}
