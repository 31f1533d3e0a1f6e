import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { Erasers } from './erasers.js';
import {
  type ClaimedErasure,
  ErasuresRepository,
  type Progress,
  type Stage,
  STAGES,
} from '../erasures/erasures.repository.js';
import {
  Deadline,
  FIRST_ID,
  nextPage,
  type Run,
  type RecordPage,
  type PagedTable,
} from '../subject/record-pages.repository.js';
import { SubjectFinder } from '../subject/subject-finder.js';
import type { Subject } from '../subject/subject.js';

type Counts = Record<string, number>;

/** What a stage does to a page of a table. */
type Work = (sql: Sql, erasure: ClaimedErasure, page: RecordPage) => Promise<Counts>;

/** Removes one person from every store, in steps. Each step is one transaction that also records the progress. */
@Injectable()
export class SubjectEraser {
  private readonly run: Run;

  constructor(
    database: Database,
    private readonly erasures: ErasuresRepository,
    private readonly finder: SubjectFinder,
    private readonly erasers: Erasers,
  ) {
    this.run = (work) => database.inSystem(work);
  }

  /**
   * @returns false when the last stage has to wait: for batches that are being counted, or for ClickHouse
   * @throws ErasureHeld
   */
  async erase(claimed: ClaimedErasure): Promise<boolean> {
    const { events, calls } = this.erasers;
    let erasure = claimed;
    await this.run((sql) => this.erasures.refuseHeld(sql, erasure));
    if (erasure.stage === 'find') erasure = await this.find(erasure);
    await this.byPages(erasure, 'events', 'events', (sql, of, page) => events.erasePage(sql, of, subjectOf(of), page));
    await this.forgetContexts(erasure);
    await this.recallArchived(erasure);
    await this.eraseEntries(erasure);
    await this.rewriteArchives(erasure);
    await this.byPages(erasure, 'calls', 'api_audit_logs', (sql, of, page) =>
      calls.erasePage(sql, of, subjectOf(of), page),
    );
    await this.once(erasure, 'other', (sql) => calls.eraseElsewhere(sql, erasure, subjectOf(erasure)));
    await this.eraseLatecomers(erasure);
    return this.recount(erasure);
  }

  private async find(erasure: ClaimedErasure): Promise<ClaimedErasure> {
    const { subject, counts } = await this.finder.find(this.run, erasure.tenantId, erasure.subject, Deadline.none());
    await this.run(async (sql) => {
      await this.erasures.saveSubject(sql, erasure, subject);
      const found = { ...erasure, identities: [...subject.identities] };
      await this.erasures.advance(sql, found, { stage: 'events', counts });
    });
    const found = { identities: [...subject.identities], sessions: [...subject.sessions] };
    return { ...erasure, ...found, stage: 'events', after: FIRST_ID };
  }

  /** Runs a stage from where it stands to its end. */
  private async byPages(erasure: ClaimedErasure, stage: Stage, table: PagedTable, work: Work): Promise<void> {
    if (isPast(erasure, stage)) return;
    let after = erasure.stage === stage ? erasure.after : FIRST_ID;
    for (let more = true; more;) {
      more = await this.run(async (sql) => {
        const page = await nextPage(sql, table, erasure.tenantId, after);
        const counts = page === null ? {} : await work(sql, erasure, page);
        await this.erasures.advance(sql, erasure, progressOf(stage, page, counts));
        after = page?.upTo ?? after;
        return page?.isLast === false;
      });
    }
  }

  private async once(erasure: ClaimedErasure, stage: Stage, work: (sql: Sql) => Promise<Counts>): Promise<void> {
    if (isPast(erasure, stage)) return;
    await this.run(async (sql) => {
      const counts = await work(sql);
      await this.erasures.advance(sql, erasure, { stage: following(stage), counts });
    });
  }

  /** Reading archives takes longer than a transaction may wait. */
  private async recallArchived(erasure: ClaimedErasure): Promise<void> {
    if (isPast(erasure, 'recall')) return;
    const recalled = await this.erasers.archives.recall(erasure, subjectOf(erasure));
    await this.goOn(erasure, { stage: 'entries', counts: recalledCounts(recalled) });
  }

  private eraseEntries(erasure: ClaimedErasure): Promise<void> {
    return this.byPages(erasure, 'entries', 'audit_entries', (sql, of, page) =>
      this.erasers.entries.erasePage(sql, of, subjectOf(of), page),
    );
  }

  /** More entries may have been archived while the pages went by: until nothing comes back any more. */
  private async rewriteArchives(erasure: ClaimedErasure): Promise<void> {
    const { archives } = this.erasers;
    if (isPast(erasure, 'archives')) return;
    for (;;) {
      const recalled = await archives.recall(erasure, subjectOf(erasure));
      if (recalled === 0) break;
      await this.goOn(erasure, { stage: 'entries', counts: recalledCounts(recalled) });
      await this.eraseEntries({ ...erasure, stage: 'entries', after: FIRST_ID });
    }
    await archives.rewrite(erasure);
    await this.goOn(erasure, { stage: following('archives') });
  }

  private goOn(erasure: ClaimedErasure, progress: Progress): Promise<void> {
    return this.run((sql) => this.erasures.advance(sql, erasure, progress));
  }

  /** Contexts that only the subject's events had. */
  private async forgetContexts(erasure: ClaimedErasure): Promise<void> {
    const { events } = this.erasers;
    if (isPast(erasure, 'contexts')) return;
    let after = erasure.stage === 'contexts' ? erasure.after : FIRST_ID;
    for (let more = await this.run((sql) => events.hasContexts(sql, erasure)); more;) {
      more = await this.run(async (sql) => {
        const page = await nextPage(sql, 'events', erasure.tenantId, after);
        if (page === null) return false;
        await events.forgetSharedContexts(sql, erasure, page);
        await this.erasures.advance(sql, erasure, { stage: 'contexts', after: page.upTo });
        after = page.upTo;
        return !page.isLast;
      });
    }
    await this.once(erasure, 'contexts', (sql) => events.deleteContexts(sql, erasure));
  }

  private async eraseLatecomers(erasure: ClaimedErasure): Promise<void> {
    if (isPast(erasure, 'latecomers')) return;
    for (let more = true; more;) {
      more = await this.run(async (sql) => {
        const counts = await this.erasers.events.eraseLatecomers(sql, erasure, subjectOf(erasure));
        if (counts === null) await this.erasures.markSwept(sql, erasure);
        const stage = counts === null ? 'rollups' : 'latecomers';
        await this.erasures.advance(sql, erasure, { stage, counts: counts ?? {} });
        return counts !== null;
      });
    }
  }

  private async recount(erasure: ClaimedErasure): Promise<boolean> {
    if (await this.erasures.hasUncounted(erasure)) return false;
    if (await this.erasures.isInClickHouse(erasure)) return false;
    await this.run(async (sql) => {
      const counts = await this.erasers.rollups.recount(sql, erasure, erasure.identities);
      await this.erasures.advance(sql, erasure, { stage: 'rollups', counts });
      await this.erasures.complete(sql, erasure);
    });
    return true;
  }
}

const subjectOf = ({ tenantId, subject, identities, sessions }: ClaimedErasure): Subject => ({
  tenantId,
  userId: subject,
  identities,
  sessions,
});

const isPast = (erasure: ClaimedErasure, stage: Stage) => STAGES.indexOf(erasure.stage) > STAGES.indexOf(stage);

const recalledCounts = (recalled: number): Counts => (recalled === 0 ? {} : { archived_entries: recalled });

const following = (stage: Stage): Stage => STAGES[STAGES.indexOf(stage) + 1] ?? stage;

function progressOf(stage: Stage, page: RecordPage | null, counts: Counts): Progress {
  return page?.isLast === false ? { stage, after: page.upTo, counts } : { stage: following(stage), counts };
}
