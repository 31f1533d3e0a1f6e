import { Logger } from '@nestjs/common';
import { EntryCleanupService } from '../../src/audit/api/entry-cleanup.service.js';
import { AuditEntryWriter } from '../../src/audit/entries/entry-writer.js';
import { HoldsRepository } from '../../src/audit/preservation/holds.repository.js';
import { PoliciesRepository } from '../../src/audit/preservation/policies.repository.js';
import { type Config, loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { HoldsService } from '../../src/retention/holds.service.js';
import { PoliciesService } from '../../src/retention/policies.service.js';
import { AuditRetention } from '../../src/retention/removal/audit-retention.js';
import { EntryCountRepository } from '../../src/retention/removal/entry-count.repository.js';
import { EventRemovalRepository } from '../../src/retention/removal/event-removal.repository.js';
import { EventRetention } from '../../src/retention/removal/event-retention.js';
import { Housekeeping } from '../../src/retention/removal/housekeeping.js';
import { PartitionsRepository } from '../../src/retention/removal/partitions.repository.js';
import { RowRemovalRepository } from '../../src/retention/removal/row-removal.repository.js';
import type { ScheduledTask } from '../../src/retention/schedule/scheduled-task.js';
import { TaskRunner } from '../../src/retention/schedule/task-runner.js';
import { TaskRunsRepository } from '../../src/retention/schedule/task-runs.repository.js';
import { TaskScheduler } from '../../src/retention/schedule/task-scheduler.js';
import { TestArchives } from './audit-archive.js';
import { TestTrail } from './audit-trail.js';

/** What a worker has of retention, without a queue and without timers. */
export class TestRetention {
  readonly config: Config;
  readonly database: Database;
  readonly trail: TestTrail;
  readonly archives: TestArchives;
  readonly runs: TaskRunsRepository;
  readonly holds: HoldsService;
  readonly policies: PoliciesService;
  readonly tasks: ScheduledTask[];

  constructor(databaseUrl: string, env: Record<string, string> = {}) {
    Logger.overrideLogger(false); // a line for each run
    this.config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: databaseUrl, DB_POOL_SIZE: '16', ...env });
    this.database = new Database(this.config);
    this.trail = new TestTrail(databaseUrl, env, this.database);
    this.archives = new TestArchives(this.trail, databaseUrl, env);
    this.runs = new TaskRunsRepository(this.database);
    const policies = new PoliciesRepository(this.database);
    const holds = new HoldsRepository(this.database);
    const writer = new AuditEntryWriter(this.database);
    const partitions = new PartitionsRepository(this.database);
    this.holds = new HoldsService(this.database, holds, writer);
    this.policies = new PoliciesService(this.config, this.database, policies, writer);
    const cleanups = new EntryCleanupService(this.config, this.archives.archiver, writer, policies, holds);
    this.tasks = [
      new EventRetention(this.config, policies, new EventRemovalRepository(this.database), partitions),
      new AuditRetention(this.config, policies, new EntryCountRepository(this.database), cleanups),
      new Housekeeping(this.config, policies, new RowRemovalRepository(this.database), partitions, this.runs),
    ];
  }

  /** @param tasks in place of the real ones */
  scheduler(tasks = this.tasks): TaskScheduler {
    return new TaskScheduler(this.config, tasks, this.runs);
  }

  runner(tasks = this.tasks): TaskRunner {
    return new TaskRunner(tasks, this.runs, new HoldsRepository(this.database));
  }

  /** Does a run of a task now. @returns rows removed, by table */
  async run(name: string): Promise<Record<string, number>> {
    const removed = await this.runner().runNow(name, new AbortController().signal, () => undefined);
    const rows: Record<string, number> = {};
    for (const { table, rows: n } of removed) rows[table] = (rows[table] ?? 0) + n;
    return rows;
  }

  async stop(): Promise<void> {
    this.archives.remove();
    await this.database.onApplicationShutdown();
  }
}
