import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';
import { OTHER_MENTIONS } from '../subject/other-mentions-sql.js';
import { scanCallsByNotes } from '../subject/record-scans.repository.js';
import type { RecordPage } from '../subject/record-pages.repository.js';
import type { Subject } from '../subject/subject.js';
import { ERASE_PATHS, REDACT_FUNNELS, REDACT_PATCHES, REDACT_SEGMENTS } from './call-eraser-sql.js';

type Counts = Record<string, number>;

/** Erases the subject from the paths of API calls, and from tables small enough to be read as a whole. */
@Injectable()
export class CallEraser {
  async erasePage(sql: Sql, erasure: ClaimedErasure, subject: Subject, page: RecordPage): Promise<Counts> {
    const scan = await scanCallsByNotes(sql, subject, page, erasure.id);
    const redacted = erasure.mentions === 'redact' ? scan.naming : [];
    const erase = async (ids: readonly string[]) => {
      if (ids.length === 0) return 0;
      const { rows } = await sql.query<{ n: number }>(ERASE_PATHS, [erasure.tenantId, ids]);
      return rows[0]?.n ?? 0;
    };
    return {
      call_paths: await erase(scan.own),
      mentions_in_calls: scan.naming.length,
      ...(erasure.mentions === 'redact' ? { redacted_in_calls: await erase(redacted) } : {}),
    };
  }

  /** Saved funnels and segments, and payloads that a patch replaced. */
  async eraseElsewhere(sql: Sql, { tenantId, mentions }: ClaimedErasure, subject: Subject): Promise<Counts> {
    const { userId, identities, sessions } = subject;
    const { rows } = await sql.query<Counts>(OTHER_MENTIONS, [tenantId, userId, identities, sessions]);
    let counts = rows[0] ?? {};
    if (mentions === 'keep') return counts;
    for (const text of [REDACT_FUNNELS, REDACT_SEGMENTS, REDACT_PATCHES]) {
      const redacted = await sql.query<Counts>(text, [tenantId, userId]);
      counts = { ...counts, ...redacted.rows[0] };
    }
    return counts;
  }
}
