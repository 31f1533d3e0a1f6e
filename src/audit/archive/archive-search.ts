import { Injectable } from '@nestjs/common';
import { badRequest } from '../../platform/http/problem.js';
import { parseDateTime } from '../../platform/time/time.js';
import type { ShownEntry } from '../entries/entry.js';
import { AuditEntriesRepository } from '../search/entries.repository.js';
import { EQUAL_FIELDS, type EntryFilter } from '../search/entry-filter.js';
import { archiveLines } from './archive-lines.js';
import { ArchiveReader } from './archived-entry.js';
import { type Archive, ArchivesRepository } from './archives.repository.js';
import { ConfiguredStore } from './configured-store.js';

/** Read in one search. */
export const MAX_SEARCHED = 500_000;
/** The last match that a page may reach: all before it are kept in memory. */
export const MAX_MATCH = 5_000;
const IDS_PER_LOOKUP = 1_000;

/** An entry of a search that also reads archives. */
export interface FoundEntry extends ShownEntry {
  /** Whether it stands only in an archive. */
  archived: boolean;
}

/** Searches the table and, one after the other, the archives with entries from the range of the search. */
@Injectable()
export class ArchiveSearch {
  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly archives: ArchivesRepository,
    private readonly configured: ConfiguredStore,
  ) {}

  /** @throws Problem 400 where the range holds more archived entries than one search reads */
  async listPage(
    tenantId: string,
    filter: EntryFilter,
    limit: number,
    offset: number,
  ): Promise<{ rows: FoundEntry[]; total: number; searched: Archive[] }> {
    if (offset + limit > MAX_MATCH) throw tooFarBack();
    const archives = await this.archives.listOverlapping(tenantId, filter.range);
    const entries = archives.reduce((sum, archive) => sum + archive.entries, 0);
    if (entries > MAX_SEARCHED) throw tooMany(archives.length, entries);
    const live = await this.entries.listPage(tenantId, filter, offset + limit, 0);
    const best = new Newest(
      offset + limit,
      live.rows.map((row) => ({ ...row, archived: false })),
    );
    let total = live.total;
    for (const archive of archives) {
      for await (const page of this.matches(archive, filter)) {
        const there = await this.archives.findThere(
          tenantId,
          page.map(({ id }) => id),
        );
        const missing = page.filter(({ id }) => !there.has(id));
        total += missing.length;
        best.add(missing);
      }
    }
    return { rows: best.rows.slice(offset), total, searched: archives };
  }

  private async *matches(archive: Archive, filter: EntryFilter): AsyncGenerator<FoundEntry[]> {
    const store = await this.configured.get();
    const reader = new ArchiveReader();
    let page: FoundEntry[] = [];
    for await (const line of archiveLines(await store.read(archive.file))) {
      const found = reader.read(line);
      if (found === null || !matches(found.entry, filter)) continue;
      const { salts: _salts, leaf: _leaf, erasures: _erasures, ...entry } = found.entry;
      page.push({ ...entry, restored: false, archived: true });
      if (page.length < IDS_PER_LOOKUP) continue;
      yield page;
      page = [];
    }
    yield page;
  }
}

/** The newest rows of many, at most `size`. */
class Newest {
  constructor(
    private readonly size: number,
    public rows: FoundEntry[],
  ) {}

  add(more: readonly FoundEntry[]): void {
    if (more.length === 0) return;
    this.rows = [...this.rows, ...more].sort(newestFirst).slice(0, this.size);
  }
}

/** As NEWEST_FIRST; times of one form compare as texts. */
function newestFirst(a: FoundEntry, b: FoundEntry): number {
  if (a.occurred_at !== b.occurred_at) return a.occurred_at < b.occurred_at ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

/** As conditions() and textConditions() say it in SQL; full text is not searched in archives. */
function matches(
  entry: Omit<ShownEntry, 'restored'>,
  { range, equal, messagePart, auditEventsOnly }: EntryFilter,
): boolean {
  const at = parseDateTime(entry.occurred_at) ?? NaN;
  if (!(at >= range.from && at < range.to)) return false;
  if (auditEventsOnly === true && entry.functionality === null) return false;
  if (EQUAL_FIELDS.some((field) => equal[field] !== undefined && entry[field] !== equal[field])) return false;
  return messagePart === undefined || comparable(entry.message ?? '').includes(comparable(messagePart));
}

/** In whatever case, and however é was written: audit_composed() with ilike. */
const comparable = (text: string): string => text.normalize('NFC').toLowerCase();

const tooFarBack = () =>
  badRequest(
    `With include_archived, page_number × page_size must be at most ${MAX_MATCH}. Narrow the search with from_date and to_date.`,
    [{ path: 'page_number', message: `must be within the first ${MAX_MATCH} matches` }],
  );

const tooMany = (archives: number, entries: number) =>
  badRequest(
    `${archives} archives with ${entries} entries lie in this range, and one search reads at most ${MAX_SEARCHED}. Narrow it with from_date and to_date, or bring archives back with restore-archive.`,
    [{ path: 'include_archived', message: `reads at most ${MAX_SEARCHED} archived entries` }],
  );
