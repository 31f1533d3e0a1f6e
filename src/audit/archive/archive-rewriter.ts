import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { AuditEntriesRepository, type ProvableEntries, type ProvableEntry } from '../search/entries.repository.js';
import { archiveLines } from './archive-lines.js';
import { ArchiveReader } from './archived-entry.js';
import { ArchiveWriter, ENTRIES_PER_PAGE } from './archive-writer.js';
import { type Archive, ArchivesRepository } from './archives.repository.js';
import { ConfiguredStore } from './configured-store.js';

/** Writes archives anew after an erasure: entries that are in the table as they are there, the others as they were. */
@Injectable()
export class ArchiveRewriter {
  constructor(
    private readonly archives: ArchivesRepository,
    private readonly entries: AuditEntriesRepository,
    private readonly writer: ArchiveWriter,
    private readonly configured: ConfiguredStore,
  ) {}

  /** @returns what stands for it now; the old file stays until what is left over is removed */
  async rewrite(archive: Archive): Promise<Archive> {
    const pages = new ArchivePages(this.entries, async () => (await this.configured.get()).read(archive.file));
    const { tenantId, month, firstId, lastId, entries, ranges } = archive;
    const source = { tenantId, month, firstId, lastId, entries, ranges };
    return this.writer.write({ ...source, pages: () => pages.read(), from: pages }, archive);
  }

  /** Every archive of the tenant in which something stands that was erased. @returns how many there were */
  async rewriteOutdated(tenantId: string): Promise<number> {
    const outdated = await this.archives.listOutdated(tenantId);
    for (const archive of outdated) await this.rewrite(archive);
    return outdated.length;
  }
}

/** An archive read page by page; the entries of a page are looked for in the table first. */
class ArchivePages implements ProvableEntries {
  private page = new Map<string, ProvableEntry>();

  constructor(
    private readonly table: ProvableEntries,
    private readonly open: () => Promise<Parameters<typeof archiveLines>[0]>,
  ) {}

  async *read(): AsyncGenerator<string[]> {
    const reader = new ArchiveReader();
    this.page = new Map();
    for await (const line of archiveLines(await this.open())) {
      const found = reader.read(line);
      if (found === null) continue;
      this.page.set(found.entry.id, found.entry);
      if (this.page.size < ENTRIES_PER_PAGE) continue;
      yield [...this.page.keys()];
      this.page = new Map();
    }
    if (this.page.size > 0) yield [...this.page.keys()];
  }

  async listByIds(sql: Sql, tenantId: string, ids: readonly string[]): Promise<ProvableEntry[]> {
    const there = await this.table.listByIds(sql, tenantId, ids);
    const found = new Set(there.map(({ id }) => id));
    return [...there, ...ids.flatMap((id) => (found.has(id) ? [] : (this.page.get(id) ?? [])))];
  }
}
