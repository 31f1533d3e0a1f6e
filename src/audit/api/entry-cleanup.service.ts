import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Problem } from '../../platform/http/problem.js';
import { DAY_MS } from '../../platform/time/time.js';
import { AuditArchiver } from '../archive/archiver.js';
import { toArchiveResponse } from '../archive/archives.service.js';
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
  ) {}

  /**
   * Archives and removes entries that retention would remove. Each transaction that removes entries also records it in
   * the audit trail.
   * @throws Problem 422 for entries that must still be kept, or where no place for archives is set
   */
  async cleanUp(caller: Recorder, days = this.config.AUDIT_RETENTION_DAYS): Promise<CleanupResponse> {
    const kept = this.config.AUDIT_RETENTION_DAYS;
    if (days < kept) {
      throw new Problem(422, `Audit entries are kept for ${kept} days, so older_than_days must be at least ${kept}.`, {
        errors: [{ path: 'older_than_days', message: `must be at least ${kept}, the days audit entries are kept` }],
      });
    }
    const olderThan = new Date(Date.now() - days * DAY_MS);
    const { deleted, archives } = await this.archiver.retire(caller.tenantId, olderThan, (sql, count, archive) => {
      const from = archive === null ? {} : { archive: archive.file, sha256: archive.sha256!.toString('hex') };
      const record = recordOf(caller, {
        ...{ action: 'DELETE', resource: 'audit_log', id: 'cleanup', message: 'Audit entries removed' },
        after: { older_than: olderThan, older_than_days: days, deleted: count, ...from },
      });
      return this.writer.append(sql, [record]);
    });
    const archived = archives.reduce((sum, { entries }) => sum + entries, 0);
    return { deleted, archived, archives: archives.map(toArchiveResponse) };
  }
}
