import { Inject, Injectable } from '@nestjs/common';
import { PoliciesRepository, type TenantPolicies } from '../../audit/preservation/policies.repository.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import type { Sql } from '../../platform/database/database.js';
import { daysBefore, daysRange } from '../rules/kept.js';
import { RETENTION_RULES, type RowRule, UPKEEP_DAYS } from '../rules/retention-rules.js';
import type { Removable, RunContext, ScheduledTask } from '../schedule/scheduled-task.js';
import { cronOf } from '../schedule/schedules.js';
import { TaskRunsRepository } from '../schedule/task-runs.repository.js';
import { dropPartition } from './drop-partition.js';
import { inPacedSteps } from './paced-steps.js';
import { PartitionsRepository } from './partitions.repository.js';
import { RowRemovalRepository } from './row-removal.repository.js';

/** The rows of a table and tenant that are from before a time. */
interface Past {
  table: string;
  rule: RowRule;
  tenantId: string;
  before: Date;
}

/** Removes what is past its time besides events and audit entries: the row rules of {@link RETENTION_RULES}. */
@Injectable()
export class Housekeeping implements ScheduledTask {
  readonly name = 'housekeeping';
  readonly cron: string;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly policies: PoliciesRepository,
    private readonly rows: RowRemovalRepository,
    private readonly partitions: PartitionsRepository,
    private readonly runs: TaskRunsRepository,
  ) {
    this.cron = cronOf(config, this.name);
  }

  async plan(now: Date): Promise<Removable[]> {
    const found: Removable[] = [];
    for (const { table, rule, tenantId, before } of await this.listPast(now)) {
      const months = await this.rows.count(table, rule, tenantId, before);
      found.push(...months.map((month) => ({ table, tenant_id: tenantId, ...month })));
    }
    return found;
  }

  async run(context: RunContext): Promise<void> {
    await this.dropCalls(context);
    for (const past of await this.listPast(context.now)) await this.removeRows(past, context);
    await this.dropEmptyMonths(context);
    const rows = await this.runs.removeOlderThan(daysBefore(context.now, UPKEEP_DAYS));
    await context.removed({ table: 'task_runs', tenant_id: null, rows, bytes: 0 });
  }

  private async listPast(now: Date): Promise<Past[]> {
    const all: Past[] = [];
    for (const tenant of await this.policies.listTenants()) {
      const { tenantId } = tenant;
      const oldest = await this.rows.findOldestEvent(tenantId);
      for (const [table, { rows: rule }] of Object.entries(RETENTION_RULES)) {
        if (rule !== undefined) all.push({ table, rule, tenantId, before: this.pastOf(rule, tenant, now, oldest) });
      }
    }
    return all;
  }

  private pastOf(rule: RowRule, tenant: TenantPolicies, now: Date, oldestEvent: Date | null): Date {
    const before = daysBefore(now, rule.days({ config: this.config, ...daysRange(tenant, this.config) }));
    if (rule.outlivesEvents !== true || oldestEvent === null) return before;
    // whole days, as recount compares them
    return new Date(Math.min(before.getTime(), oldestEvent.setUTCHours(0, 0, 0, 0)));
  }

  private async removeRows({ table, rule, tenantId, before }: Past, context: RunContext): Promise<void> {
    await inPacedSteps(context.signal, async (limit) => {
      const { rows, bytes } = await this.rows.removePage(table, rule, tenantId, before, limit);
      if (rows > 0) await context.removed({ table, tenant_id: tenantId, rows, bytes });
      return rows === limit;
    });
  }

  /** Months of the call log that are past for everybody. */
  private async dropCalls(context: RunContext): Promise<void> {
    const before = daysBefore(context.now, this.config.CALL_LOG_RETENTION_DAYS);
    for (const month of await this.partitions.listEnded('api_audit_logs', before)) {
      const { rows } = await this.partitions.measure(month);
      const mustStay = (sql: Sql) => this.partitions.hasHeldCalls(sql, month);
      if (await dropPartition(this.partitions, month, mustStay, context)) {
        await context.removed({ table: month.parent, tenant_id: null, rows, bytes: 0 });
      }
    }
  }

  /** Months whose batches have all gone one by one. */
  private async dropEmptyMonths(context: RunContext): Promise<void> {
    for (const month of await this.partitions.listEnded('ingest_batches', daysBefore(context.now, 1))) {
      await dropPartition(this.partitions, month, (sql) => this.partitions.hasRows(sql, month), context);
    }
  }
}
