import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { type Scan, scanEvents } from '../subject/record-scans.repository.js';
import type { ClaimedErasure } from '../erasures/erasures.repository.js';
import { addCounts, type Subject } from '../subject/subject.js';
import type { RecordPage } from '../subject/record-pages.repository.js';
import {
  DELETE_CONTEXTS,
  ERASE_OWN,
  FIND_LATECOMERS,
  FORGET_SHARED_CONTEXTS,
  HAS_CONTEXTS,
  REDACT,
} from './event-eraser-sql.js';

type Counts = Record<string, number>;

/** Erases the subject from the events, and from what belongs to them. */
@Injectable()
export class EventEraser {
  /**
   * Erases the subject's own events of a page. Other people's are counted where they name the subject, and redacted if
   * asked.
   */
  async erasePage(sql: Sql, erasure: ClaimedErasure, subject: Subject, page: RecordPage): Promise<Counts> {
    const scan = await scanEvents(sql, subject, page);
    const own = await this.eraseOwn(sql, erasure, scan.own);
    const redacted =
      erasure.mentions === 'redact' && scan.naming.length > 0
        ? await count(sql, REDACT, [erasure.tenantId, scan.naming, erasure.subject])
        : {};
    return addCounts(addCounts(own, mentionsOf(scan, 'events')), redacted);
  }

  /** Events that came while the others were erased. @returns null when there is none left */
  async eraseLatecomers(sql: Sql, erasure: ClaimedErasure, subject: Subject): Promise<Counts | null> {
    const { rows } = await sql.query<{ own: string[] }>(FIND_LATECOMERS, [erasure.tenantId, subject.identities]);
    const own = rows[0]?.own ?? [];
    return own.length === 0 ? null : this.eraseOwn(sql, erasure, own);
  }

  async hasContexts(sql: Sql, { tenantId, id }: ClaimedErasure): Promise<boolean> {
    const { rows } = await sql.query(HAS_CONTEXTS, [tenantId, id]);
    return rows.length > 0;
  }

  async forgetSharedContexts(sql: Sql, { tenantId, id }: ClaimedErasure, { after, upTo }: RecordPage): Promise<void> {
    await sql.query(FORGET_SHARED_CONTEXTS, [tenantId, after, upTo, id]);
  }

  deleteContexts(sql: Sql, { tenantId, id }: ClaimedErasure): Promise<Counts> {
    return count(sql, DELETE_CONTEXTS, [tenantId, id]);
  }

  private async eraseOwn(sql: Sql, { tenantId, id }: ClaimedErasure, own: readonly string[]): Promise<Counts> {
    return own.length === 0 ? { events: 0 } : count(sql, ERASE_OWN, [tenantId, id, own]);
  }
}

/** What a receipt says about other people's records of one kind. */
export function mentionsOf(scan: Scan, place: 'events' | 'entries'): Counts {
  return {
    [`mentions_in_${place}`]: scan.naming.length,
    mentions_in_text: scan.inText,
    other_spellings: scan.spelled,
  };
}

async function count(sql: Sql, text: string, values: readonly unknown[]): Promise<Counts> {
  const { rows } = await sql.query<Counts>(text, values);
  return rows[0] ?? {};
}
