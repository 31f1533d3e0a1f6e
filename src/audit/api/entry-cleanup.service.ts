import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Problem } from '../../platform/http/problem.js';
import { DAY_MS } from '../../platform/time/time.js';
import { AuditArchiver } from '../archive/archiver.js';
import { toArchiveResponse } from '../archive/archives.service.js';
import { HoldsRepository } from '../preservation/holds.repository.js';
import { PoliciesRepository } from '../preservation/policies.repository.js';
import { recordOf } from '../entries/act.js';
import type { Recorder } from '../entries/entry.js';
import type { CleanupResponse } from './cleanup.dto.js';
import { AuditEntryWriter } from '../entries/entry-writer.js';

@Injectable()
export class EntryCleanupService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly archiver: AuditArchiver,
    private readonly writer: AuditEntryWriter,
    private readonly policies: PoliciesRepository,
    private readonly holds: HoldsRepository,
  ) {}

  /**
   * Archives and removes entries that retention would remove, but none that a legal hold covers. Each transaction that
   * removes entries also records it in the audit trail.
   * @param now the moment that ages are counted back from
   * @throws Problem 422 for entries that must still be kept, or where no place for archives is set
   */
  async cleanUp(caller: Recorder, olderThanDays?: number, now = new Date()): Promise<CleanupResponse> {
    const kept = (await this.policies.findAuditDays(caller.tenantId)) ?? this.config.AUDIT_RETENTION_DAYS;
    const days = olderThanDays ?? kept;
    if (days < kept) {
      throw new Problem(422, `Audit entries are kept for ${kept} days, so older_than_days must be at least ${kept}.`, {
        errors: [{ path: 'older_than_days', message: `must be at least ${kept}, the days audit entries are kept` }],
      });
    }
    const olderThan = new Date(now.getTime() - days * DAY_MS);
    const { deleted, archives } = await this.archiver.retire(caller.tenantId, olderThan, (sql, count, archive) => {
      const from = archive === null ? {} : { archive: archive.file, sha256: archive.sha256!.toString('hex') };
      const record = recordOf(caller, {
        ...{ action: 'DELETE', resource: 'audit_log', id: 'cleanup', message: 'Audit entries removed' },
        after: { older_than: olderThan, older_than_days: days, deleted: count, ...from },
      });
      return this.writer.append(sql, [record]);
    });
    const archived = archives.reduce((sum, { entries }) => sum + entries, 0);
    const { entries: held, holds } = await this.holds.countHeldEntries(caller.tenantId, olderThan);
    return { deleted, archived, archives: archives.map(toArchiveResponse), held, holds };
  }
}
