import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../platform/config/config.js';
import { Database, type Sql } from '../platform/database/database.js';
import { uuid7 } from '../platform/database/uuid7.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { type AlertCondition, alertConditions, holds, type Observed } from './alert-conditions.js';
import { type AlertState, AlertsRepository } from './alerts.repository.js';
import { InstallationRepository } from './installation.repository.js';
import { Upkeep } from './upkeep.js';

const PAUSE_MS = 5_000;

/**
 * Begins and ends alerts, in one transaction with the message that says so: however many workers look, and whenever one
 * is killed, each beginning and each end makes one message.
 */
@Injectable()
export class AlertWatcher {
  private readonly logger = new Logger(AlertWatcher.name);
  private readonly conditions: readonly AlertCondition[];

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly database: Database,
    private readonly alerts: AlertsRepository,
    private readonly installation: InstallationRepository,
    private readonly upkeep: Upkeep,
    tasks: PeriodicTasks,
  ) {
    this.conditions = alertConditions(config);
    if (config.ALERT_WEBHOOK_URL === undefined) return;
    tasks.add({
      name: 'alerts',
      schedule: { pauseMs: PAUSE_MS },
      run: () => this.watch(),
      onError: (error) => this.logger.warn(`alerts: ${error.message}`),
    });
  }

  async watch(): Promise<void> {
    const upkeep = await this.lookAtUpkeep();
    await this.database.inSystem(async (sql) => {
      if (!(await this.alerts.becomeWatcher(sql))) return;
      const found = { ...(await this.installation.readIn(sql)), ...upkeep };
      const states = await this.alerts.listStates(sql);
      for (const condition of this.conditions) {
        const [value, state] = [condition.valueOf(found), states.get(condition.name)];
        if (value === null) continue;
        const firing = holds(condition, value);
        if (firing !== (state?.firing ?? false)) await this.change(sql, condition, value, firing, state);
      }
    });
  }

  private async lookAtUpkeep(): Promise<Pick<Observed, 'overdueSeconds' | 'diskDaysLeft'>> {
    const tasks = await this.upkeep.listTasks();
    // Somebody may lock a table: no reason to be silent about the rest.
    const storage = await this.upkeep.getStorage().catch(() => null);
    return {
      overdueSeconds: Math.max(...tasks.map((task) => task.overdueSeconds)),
      diskDaysLeft: storage === null ? null : (storage.days_until_full ?? Infinity),
    };
  }

  private async change(
    sql: Sql,
    { name, severity, threshold, summary }: AlertCondition,
    value: number,
    firing: boolean,
    before: AlertState | undefined,
  ): Promise<void> {
    const episode = firing ? uuid7() : before!.episode; // only what began can end
    const now = await this.alerts.setState(sql, name, episode, firing, value);
    const data = {
      alert: name,
      episode,
      severity,
      state: firing ? 'firing' : 'resolved',
      summary: firing ? summary(value) : `Over: ${name}.`,
      value: Number.isFinite(value) ? value : null,
      threshold,
      since: (firing ? now : before!.since).toISOString(),
    };
    const message = { type: `alert.${data.state}`, timestamp: now.toISOString(), data };
    await this.alerts.insertMessage(sql, uuid7(), name, JSON.stringify(message));
    this.logger.warn(`alert ${name} ${data.state}: ${data.summary}`);
  }
}
