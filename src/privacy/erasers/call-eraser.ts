import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';
import { OTHER_MENTIONS } from '../subject/other-mentions.js';
import { scanCallsByNotes } from '../subject/record-scans.js';
import type { RecordPage } from '../subject/record-pages.js';
import type { Subject } from '../subject/subject.js';

const ERASE_PATHS = '/* erasure.paths */ select erase_api_paths($1, $2::uuid[])::int as n';

const REDACT_FUNNELS = `/* erasure.redactFunnels */
with redacted as (
  update saved_funnels set definition = funnel_redacted(definition, array[$2::text])
  where tenant_id = $1 and funnel_redacted(definition, array[$2::text]) <> definition returning 1
)
select count(*)::int as redacted_in_saved_funnels from redacted`;

const REDACT_PATCHES = `/* erasure.redactReplacedPayloads */
with redacted as (
  update event_patches set payload = redact_json(payload, array[$2::text])
  where tenant_id = $1 and redact_json(payload, array[$2::text]) <> payload returning 1
)
select count(*)::int as redacted_in_replaced_payloads from redacted`;

type Counts = Record<string, number>;

/** Erases somebody from the paths of API calls, and from what is small enough to be looked at as a whole. */
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

  /** Saved funnels, and payloads that a patch replaced. */
  async eraseElsewhere(sql: Sql, { tenantId, mentions }: ClaimedErasure, subject: Subject): Promise<Counts> {
    const { userId, identities, sessions } = subject;
    const { rows } = await sql.query<Counts>(OTHER_MENTIONS, [tenantId, userId, identities, sessions]);
    let counts = rows[0] ?? {};
    if (mentions === 'keep') return counts;
    for (const text of [REDACT_FUNNELS, REDACT_PATCHES]) {
      const redacted = await sql.query<Counts>(text, [tenantId, userId]);
      counts = { ...counts, ...redacted.rows[0] };
    }
    return counts;
  }
}
