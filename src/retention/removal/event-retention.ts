import { Inject, Injectable } from '@nestjs/common';
import { PoliciesRepository } from '../../audit/preservation/policies.repository.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { uuid7LowerBound } from '../../platform/database/uuid7.js';
import { daysBefore, eventGroups, type KeptGroup, longestDays } from '../rules/kept.js';
import type { Removable, RunContext, ScheduledTask } from '../schedule/scheduled-task.js';
import { cronOf } from '../schedule/schedules.js';
import { dropPartition } from './drop-partition.js';
import { EventRemovalRepository, FIRST_ROW, mustStay } from './event-removal.repository.js';
import { inPacedSteps } from './paced-steps.js';
import { type Partition, PartitionsRepository } from './partitions.repository.js';

/**
 * Removes the events that nobody keeps any longer: whole months by dropping their partition, the rest in paced steps.
 * With an event go its row in the ledger, its patches and its dead letter; its counts stay.
 */
@Injectable()
export class EventRetention implements ScheduledTask {
  readonly name = 'events';
  readonly cron: string;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly policies: PoliciesRepository,
    private readonly events: EventRemovalRepository,
    private readonly partitions: PartitionsRepository,
  ) {
    this.cron = cronOf(config, this.name);
  }

  async plan(now: Date): Promise<Removable[]> {
    const found: Removable[] = [];
    for (const { tenantId, policies } of await this.policies.listTenants()) {
      for (const group of eventGroups({ policies }, this.config)) {
        const months = await this.events.count(tenantId, group, daysBefore(now, group.days));
        found.push(...months.map((month) => ({ table: 'events', tenant_id: tenantId, ...month })));
      }
    }
    return found;
  }

  async run(context: RunContext): Promise<void> {
    const tenants = await this.policies.listTenants();
    const keptByNobody = daysBefore(context.now, longestDays(tenants, this.config));
    for (const partition of await this.partitions.listEnded('events', keptByNobody)) {
      await this.dropMonth(partition, context);
    }
    for (const tenant of tenants) {
      for (const group of eventGroups(tenant, this.config)) await this.removeRows(tenant.tenantId, group, context);
    }
  }

  private async dropMonth(partition: Partition, context: RunContext): Promise<void> {
    let after = { tenantId: FIRST_ROW, id: FIRST_ROW };
    let stays = await this.events.mustStay(partition);
    if (stays) return;
    await inPacedSteps(context.signal, async (limit) => {
      const page = await this.events.clearPage(partition, after, limit);
      stays = page === 'must stay';
      if (page === null || page === 'must stay') return false;
      after = page;
      await context.removed({ table: 'events', tenant_id: page.tenantId, rows: page.rows, bytes: 0 });
      return page.rows === limit;
    });
    if (!stays) await dropPartition(this.partitions, partition, (sql) => mustStay(sql, partition), context);
  }

  private async removeRows(tenantId: string, group: KeptGroup, context: RunContext): Promise<void> {
    const before = daysBefore(context.now, group.days);
    let after = uuid7LowerBound((await this.events.openMark(tenantId, group.mark)).getTime());
    await inPacedSteps(context.signal, async (limit) => {
      const page = await this.events.removePage(tenantId, group, after, before, limit);
      after = page.last ?? after;
      await context.removed({ table: 'events', tenant_id: tenantId, rows: page.removed, bytes: page.bytes });
      return page.seen === limit;
    });
    await this.events.setMark(tenantId, group.mark, before);
  }
}
