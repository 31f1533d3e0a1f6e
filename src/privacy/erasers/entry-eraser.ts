import { Injectable } from '@nestjs/common';
import { AuditActs } from '../../audit/transparency-log/audit-acts.js';
import { PERSONAL_FIELDS, type PersonalField } from '../../audit/transparency-log/leaf.js';
import type { Sql } from '../../platform/database/database.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';
import { BY_ID, ERASE_OWN_CALLS, FIND_SPELLINGS } from './entry-eraser-sql.js';
import { mentionsOf } from './event-eraser.js';
import { scanEntries } from '../subject/record-scans.repository.js';
import type { RecordPage } from '../subject/record-pages.repository.js';
import { addCounts, foldsCase, type Subject } from '../subject/subject.js';

/**
 * Fields in which an entry may mention a person. The others (who did it, from where, in which session) are about the
 * person who did it.
 */
export const MENTIONING = [
  'resource_id',
  'message',
  'before_state',
  'after_state',
  'metadata',
] as const satisfies readonly PersonalField[];

type Counts = Record<string, number>;

/** Erases the subject from the audit entries: each act is a leaf of the tree, so that every proof still verifies. */
@Injectable()
export class EntryEraser {
  constructor(private readonly acts: AuditActs) {}

  /**
   * Erases the subject's own entries of a page. Other people's are counted where they name the subject, and redacted if
   * asked.
   */
  async erasePage(sql: Sql, erasure: ClaimedErasure, subject: Subject, page: RecordPage): Promise<Counts> {
    const { tenantId, mentions, subjectHmac } = erasure;
    const scan = await scanEntries(sql, subject, page);
    const counts = { entries_of: 0, call_rows: 0, ...mentionsOf(scan, 'entries') };
    if (scan.own.length > 0) {
      counts.call_rows = await eraseOwnCalls(sql, tenantId, scan.own);
      counts.entries_of = await this.acts.erase(sql, tenantId, {
        condition: BY_ID,
        values: [scan.own],
        fields: PERSONAL_FIELDS,
        subject: subjectHmac,
      });
    }
    if (mentions === 'keep' || scan.naming.length === 0) return counts;
    const redacted = await this.acts.erase(sql, tenantId, {
      condition: BY_ID,
      values: [scan.naming],
      fields: MENTIONING,
      subject: subjectHmac,
      mode: 'redact',
      replace: await this.findSpellings(sql, subject, scan.naming),
    });
    return addCounts(counts, { redacted_in_entries: redacted });
  }

  /** The subject as these entries spell it. */
  private async findSpellings(sql: Sql, { tenantId, userId }: Subject, ids: readonly string[]): Promise<string[]> {
    if (!foldsCase(userId)) return [userId];
    const { rows } = await sql.query<{ content: string }>(FIND_SPELLINGS, [tenantId, ids, userId]);
    return [...new Set([userId, ...rows.map(({ content }) => content)])];
  }
}

async function eraseOwnCalls(sql: Sql, tenantId: string, ids: readonly string[]): Promise<number> {
  const { rows } = await sql.query<{ n: number }>(ERASE_OWN_CALLS, [tenantId, ids]);
  return rows[0]?.n ?? 0;
}
