import { Injectable } from '@nestjs/common';
import { ArchiveRestorer } from '../../audit/archive/archive-restorer.js';
import { ArchiveRewriter } from '../../audit/archive/archive-rewriter.js';
import type { ArchivedEntry } from '../../audit/archive/archived-entry.js';
import { AuditArchiver } from '../../audit/archive/archiver.js';
import { DAY_MS } from '../../platform/time/time.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';
import { foldsCase, type Subject } from '../subject/subject.js';
import { MENTIONING } from './entry-eraser.js';

/**
 * Erases the subject from audit archives. Its entries come back into the table first, where they are erased like
 * others; then the archives that hold them are written anew from there, and the files before them removed.
 */
@Injectable()
export class ArchiveEraser {
  constructor(
    private readonly restorer: ArchiveRestorer,
    private readonly rewriter: ArchiveRewriter,
    private readonly archiver: AuditArchiver,
  ) {}

  /** @returns how many entries came back that were not in the table */
  async recall({ tenantId, mentions }: ClaimedErasure, subject: Subject): Promise<number> {
    const isAsked = (archived: ArchivedEntry) =>
      isOwn(archived, subject) || (mentions === 'redact' && names(archived, subject.userId));
    return this.restorer.recall(tenantId, isAsked, new Date(Date.now() + DAY_MS));
  }

  async rewrite({ tenantId }: ClaimedErasure): Promise<void> {
    await this.rewriter.rewriteOutdated(tenantId);
    await this.archiver.removeLeftOver(tenantId);
  }
}

/** As the scan of the table decides. */
function isOwn({ entry }: ArchivedEntry, { identities, sessions }: Subject): boolean {
  if (entry.user_id !== null) return identities.includes(entry.user_id);
  return entry.session_id !== null && sessions.includes(entry.session_id);
}

/** A little more than the scan of the table: any number counts, not only those below the names of ids. */
function names({ entry }: ArchivedEntry, userId: string): boolean {
  const fold = foldsCase(userId) ? (text: string) => text.toLowerCase() : (text: string) => text;
  const wanted = fold(userId);
  const isNamed = (value: unknown): boolean => {
    if (typeof value === 'string') return fold(value) === wanted;
    if (typeof value === 'number') return String(value) === wanted;
    return typeof value === 'object' && value !== null && Object.values(value).some(isNamed);
  };
  return MENTIONING.some((field) => isNamed(entry[field]));
}
