import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../platform/database/database.js';
import { mentionsOf } from './erasers/event-eraser.js';
import { COUNT_OWN_CALLS, DAYS, HANG_ON_EVENTS, HAS_OWN } from './erasure-preview-sql.js';
import { OTHER_MENTIONS } from './subject/other-mentions-sql.js';
import { scanCallsByEvents, scanEntries, scanEvents } from './subject/record-scans.repository.js';
import {
  Deadline,
  forEachPage,
  type Run,
  type RecordPage,
  type PagedTable,
} from './subject/record-pages.repository.js';
import { SubjectFinder } from './subject/subject-finder.js';
import { addCounts, type Subject } from './subject/subject.js';

/** A preview answers within this time and one more statement, however many records there are. */
const PREVIEW_MS = 8_000;
const MAX_SPELLINGS = 20;

export interface Preview {
  counts: Record<string, number>;
  /** User ids that are the same e-mail address in other upper and lower case. */
  spellings: string[];
  /** False where there was more than could be read in time: the real counts may be higher. */
  complete: boolean;
}

type Counts = Record<string, number>;

/**
 * Counts what an erasure would find, by the statements that the erasure goes by. Changes nothing and leaves nothing
 * behind.
 */
@Injectable()
export class ErasurePreview {
  constructor(
    private readonly database: Database,
    private readonly finder: SubjectFinder,
  ) {}

  /** Whether anything was recorded under exactly this user id. */
  hasOwnRecords(tenantId: string, userId: string): Promise<boolean> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<{ found: boolean }>(HAS_OWN, [tenantId, userId]);
      return rows[0]?.found === true;
    });
  }

  async count(tenantId: string, userId: string): Promise<Preview> {
    const run: Run = (work) => this.database.readInTenant(tenantId, work);
    const deadline = new Deadline(Date.now() + PREVIEW_MS);
    const { subject, counts: found } = await this.finder.find(run, tenantId, userId, deadline);
    const counting = new Counting(run, subject, deadline);
    await counting.countEvents();
    await counting.countEntries();
    await counting.countCalls();
    const { identities, sessions } = subject;
    const small = await run(async (sql) => ({
      ...(await row(sql, OTHER_MENTIONS, [tenantId, userId, identities, sessions])),
      ...(await row(sql, DAYS, [tenantId, identities, sessions])),
    }));
    return {
      counts: { ...found, ...counting.counts, ...small },
      spellings: [...counting.spellings].slice(0, MAX_SPELLINGS),
      complete: !deadline.passed,
    };
  }
}

class Counting {
  counts: Counts = {
    events: 0,
    entries_of: 0,
    dead_letters: 0,
    replaced_payloads: 0,
    call_rows: 0,
    call_paths: 0,
    mentions_in_events: 0,
    mentions_in_entries: 0,
    mentions_in_calls: 0,
    mentions_in_text: 0,
    other_spellings: 0,
  };
  readonly spellings = new Set<string>();

  constructor(
    private readonly run: Run,
    private readonly subject: Subject,
    private readonly deadline: Deadline,
  ) {}

  countEvents(): Promise<void> {
    return this.forEach('events', async (sql, page) => {
      const scan = await scanEvents(sql, this.subject, page);
      const parts = await this.countParts(sql, HANG_ON_EVENTS, scan.own);
      this.add(scan.spellings, { events: scan.own.length, ...mentionsOf(scan, 'events') }, parts);
    });
  }

  countEntries(): Promise<void> {
    return this.forEach('audit_entries', async (sql, page) => {
      const scan = await scanEntries(sql, this.subject, page);
      const calls = await this.countParts(sql, COUNT_OWN_CALLS, scan.own);
      this.add(scan.spellings, { entries_of: scan.own.length, ...mentionsOf(scan, 'entries') }, calls);
    });
  }

  countCalls(): Promise<void> {
    return this.forEach('api_audit_logs', async (sql, page) => {
      const scan = await scanCallsByEvents(sql, this.subject, page);
      this.add([], { call_paths: scan.own.length, mentions_in_calls: scan.naming.length });
    });
  }

  private forEach(table: PagedTable, work: (sql: Sql, page: RecordPage) => Promise<void>): Promise<void> {
    return forEachPage(this.run, table, this.subject.tenantId, this.deadline, work);
  }

  private async countParts(sql: Sql, text: string, own: readonly string[]): Promise<Counts> {
    return own.length === 0 ? {} : row(sql, text, [this.subject.tenantId, own]);
  }

  private add(spellings: readonly string[], ...counts: Counts[]): void {
    for (const spelling of spellings) this.spellings.add(spelling);
    this.counts = counts.reduce(addCounts, this.counts);
  }
}

async function row(sql: Sql, text: string, values: readonly unknown[]): Promise<Counts> {
  const { rows } = await sql.query<Counts>(text, values);
  return rows[0] ?? {};
}
