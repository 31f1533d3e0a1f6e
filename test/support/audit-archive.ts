import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ArchiveRestorer } from '../../src/audit/archive/archive-restorer.js';
import { ArchiveRewriter } from '../../src/audit/archive/archive-rewriter.js';
import { ArchiveSearch } from '../../src/audit/archive/archive-search.js';
import { ArchiveWriter } from '../../src/audit/archive/archive-writer.js';
import { type AlsoRecord, AuditArchiver, type Retired } from '../../src/audit/archive/archiver.js';
import { ArchivesRepository } from '../../src/audit/archive/archives.repository.js';
import { ConfiguredStore } from '../../src/audit/archive/configured-store.js';
import { AuditEntryWriter } from '../../src/audit/entries/entry-writer.js';
import { AuditEntriesRepository } from '../../src/audit/search/entries.repository.js';
import { loadConfig } from '../../src/platform/config/config.js';
import type { TestTrail } from './audit-trail.js';

const NOTHING: AlsoRecord = () => Promise.resolve();

/** A trail whose old entries can be archived, into a folder of its own unless `env` says where. */
export class TestArchives {
  readonly folder = mkdtempSync(join(tmpdir(), 'archives-'));
  readonly archives: ArchivesRepository;
  readonly configured: ConfiguredStore;
  readonly archiver: AuditArchiver;
  readonly rewriter: ArchiveRewriter;
  readonly restorer: ArchiveRestorer;
  readonly search: ArchiveSearch;

  constructor(trail: TestTrail, databaseUrl: string, env: Record<string, string> = {}) {
    const { database, evidence, acts } = trail;
    const where = env['ARCHIVE_URL'] === undefined ? { ARCHIVE_DIR: this.folder } : {};
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, ...where, ...env });
    const entries = new AuditEntriesRepository(database);
    this.archives = new ArchivesRepository(database);
    this.configured = new ConfiguredStore(config);
    const writer = new ArchiveWriter(evidence, this.archives, this.configured);
    this.rewriter = new ArchiveRewriter(this.archives, entries, writer, this.configured);
    this.archiver = new AuditArchiver(database, this.archives, entries, writer, this.rewriter, acts, this.configured);
    const entryWriter = new AuditEntryWriter(database);
    this.restorer = new ArchiveRestorer(config, database, this.archives, entryWriter, this.configured);
    this.search = new ArchiveSearch(entries, this.archives, this.configured);
  }

  retire(tenantId: string, olderThan: Date, alsoIn: AlsoRecord = NOTHING): Promise<Retired> {
    return this.archiver.retire(tenantId, olderThan, alsoIn);
  }

  restore(file: string) {
    return this.restorer.restoreFile(file, { clientId: 'test', keyId: null });
  }

  /** Every file in a folder, by its name below it. */
  files(folder = this.folder): string[] {
    const found = readdirSync(folder, { recursive: true, withFileTypes: true });
    return found
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort();
  }

  pathOf = (file: string) => join(this.folder, file);

  lines(file: string, folder = this.folder): string[] {
    return gunzipSync(readFileSync(join(folder, file)))
      .toString('utf8')
      .trimEnd()
      .split('\n');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
