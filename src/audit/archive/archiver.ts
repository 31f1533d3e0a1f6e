import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { uuid7Time, parseUuid } from '../../platform/database/uuid7.js';
import { AuditEntriesRepository } from '../search/entries.repository.js';
import { AuditActs } from '../transparency-log/audit-acts.js';
import { LeafIndexes } from '../transparency-log/leaf-ranges.js';
import { ArchiveRewriter } from './archive-rewriter.js';
import { type ArchiveSource, ArchiveWriter, ENTRIES_PER_PAGE, removeFiles } from './archive-writer.js';
import { IS_IN_ARCHIVE } from './archives-sql.js';
import { type Archive, ArchivesRepository } from './archives.repository.js';
import { ConfiguredStore } from './configured-store.js';

/** In one file, so that bringing back or rewriting one is a matter of seconds. */
const ENTRIES_PER_ARCHIVE = 50_000;

/** In each transaction that removes entries; `archive` holds them. */
export type AlsoRecord = (sql: Sql, deleted: number, archive: Archive | null) => Promise<void>;

export interface Retired {
  deleted: number;
  /** Written by this run. */
  archives: Archive[];
}

/** Archives audit entries, then removes them: nothing goes that no archive holds as it is now. */
@Injectable()
export class AuditArchiver {
  constructor(
    private readonly database: Database,
    private readonly archives: ArchivesRepository,
    private readonly entries: AuditEntriesRepository,
    private readonly writer: ArchiveWriter,
    private readonly rewriter: ArchiveRewriter,
    private readonly acts: AuditActs,
    private readonly configured: ConfiguredStore,
  ) {}

  /**
   * What was recorded before `olderThan` goes, archive by archive: a run that ends in between leaves nothing half done,
   * and the next one goes on.
   * @param alsoIn once with 0 where there was nothing to remove
   * @throws Problem 422 where no place for archives is set; Problem 409 while another process archives the same tenant
   */
  async retire(tenantId: string, olderThan: Date, alsoIn: AlsoRecord): Promise<Retired> {
    await this.removeLeftOver(tenantId);
    const retired: Retired = { deleted: 0, archives: [] };
    const prune = async (archive: Archive) => {
      retired.deleted += await this.prune(archive, olderThan, alsoIn);
    };
    for (const archive of await this.archives.listPresent(tenantId, olderThan)) await prune(archive);
    for (;;) {
      const next = await this.nextSource(tenantId, olderThan);
      if (next === null) break;
      const archive = await this.writer.write(next);
      retired.archives.push(archive);
      await prune(archive);
    }
    await this.removeLeftOver(tenantId);
    if (retired.deleted === 0) await this.database.inSystem((sql) => alsoIn(sql, 0, null));
    return retired;
  }

  /** Files that no archive needs any more. */
  async removeLeftOver(tenantId: string): Promise<void> {
    const store = await this.configured.get();
    for (const archive of await this.archives.listLeftOver(tenantId)) {
      await removeFiles(store, archive.file);
      await this.archives.forget(archive);
    }
  }

  /** An entry that an erasure has reached meanwhile goes only when the archive has been written anew after it. */
  private async prune(archive: Archive, olderThan: Date, alsoIn: AlsoRecord): Promise<number> {
    const { tenantId, id, firstId, lastId } = archive;
    const only = { condition: IS_IN_ARCHIVE, values: [id, firstId, lastId] };
    const { deleted } = await this.acts.prune(tenantId, { olderThan, only }, (sql, count) =>
      count === 0 ? Promise.resolve() : alsoIn(sql, count, archive),
    );
    const outdated = await this.archives.findOutdated(archive);
    if (outdated === null) return deleted;
    return deleted + (await this.prune(await this.rewriter.rewrite(outdated), olderThan, alsoIn));
  }

  /** The oldest entries without an archive, of one month. */
  private async nextSource(tenantId: string, olderThan: Date): Promise<ArchiveSource | null> {
    const found = await this.archives.findUnarchived(tenantId, olderThan, ENTRIES_PER_ARCHIVE);
    const [first] = found;
    if (first === undefined) return null;
    const month = monthOf(first.id);
    const ids: string[] = [];
    const leaves = new LeafIndexes();
    for (const { id, leafIndex } of found) {
      if (monthOf(id) !== month) break;
      ids.push(id);
      leaves.add(leafIndex);
    }
    const [firstId, lastId] = [first.id, ids.at(-1)!];
    const source = { tenantId, month, firstId, lastId, entries: ids.length, ranges: leaves.ranges };
    return { ...source, pages: () => inPages(ids), from: this.entries };
  }
}

function* inPages(ids: readonly string[]): Generator<string[]> {
  for (let n = 0; n < ids.length; n += ENTRIES_PER_PAGE) yield ids.slice(n, n + ENTRIES_PER_PAGE);
}

/** `2026-11`: when it was recorded. */
const monthOf = (id: string): string => new Date(uuid7Time(parseUuid(id))).toISOString().slice(0, 7);
