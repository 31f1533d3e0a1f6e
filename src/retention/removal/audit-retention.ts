import { Inject, Injectable } from '@nestjs/common';
import { EntryCleanupService } from '../../audit/api/entry-cleanup.service.js';
import { PoliciesRepository } from '../../audit/preservation/policies.repository.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { daysBefore, daysOf } from '../rules/kept.js';
import { type Removable, type RunContext, RunLost, type ScheduledTask } from '../schedule/scheduled-task.js';
import { cronOf } from '../schedule/schedules.js';
import { EntryCountRepository } from './entry-count.repository.js';

/** Who cleans up, in the audit trail. */
const RETENTION = { clientId: 'retention', keyId: null };

/** Removes the audit entries that are past their time, each tenant's by the code of DELETE /logs/cleanup. */
@Injectable()
export class AuditRetention implements ScheduledTask {
  readonly name = 'audit';
  readonly cron: string;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly policies: PoliciesRepository,
    private readonly entries: EntryCountRepository,
    private readonly cleanups: EntryCleanupService,
  ) {
    this.cron = cronOf(config, this.name);
  }

  async plan(now: Date): Promise<Removable[]> {
    const found: Removable[] = [];
    for (const { tenantId, policies } of await this.policies.listTenants()) {
      const months = await this.entries.count(tenantId, daysBefore(now, daysOf(policies, 'audit', this.config)));
      found.push(...months.map((month) => ({ table: 'audit_entries', tenant_id: tenantId, ...month })));
    }
    return found;
  }

  async run(context: RunContext): Promise<void> {
    for (const { tenantId, policies } of await this.policies.listTenants()) {
      if (context.signal.aborted) throw new RunLost();
      const days = daysOf(policies, 'audit', this.config);
      // A clean-up records itself, also one that finds nothing: not every night.
      const months = await this.entries.count(tenantId, daysBefore(context.now, days));
      const bytes = months.reduce((sum, month) => sum + month.bytes, 0);
      if (!months.some(({ rows }) => rows > 0)) continue;
      const { deleted } = await this.cleanups.cleanUp({ tenantId, ...RETENTION }, days, context.now);
      await context.removed({ table: 'audit_entries', tenant_id: tenantId, rows: deleted, bytes });
    }
  }
}
