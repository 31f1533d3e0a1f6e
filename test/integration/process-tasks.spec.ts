import { NestFactory } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { loadConfig } from '../../src/platform/config/config.js';
import { PeriodicTasks } from '../../src/platform/scheduling/periodic-tasks.js';
import { WorkerModule } from '../../src/worker.module.js';
import { TestApi } from '../support/api.js';
import { describeDatabase } from '../support/fixture.js';
import { eventually } from '../support/eventually.js';

const OF_THE_API = ['call-log', 'live-logs', 'live-metrics', 'socket-access'];
const OF_A_WORKER = [
  'batches',
  'checkpoint-check',
  'clickhouse',
  'dead-letters',
  'erasures',
  'jobs',
  'partitions',
  'retention',
  'sealing',
];
const BY_CRON = ['retention-audit', 'retention-events', 'retention-housekeeping'];

describeDatabase('the periodic tasks of a process', {}, (database) => {
  it('are these in the API, and wait in the registry of the schedule', async () => {
    const api = new TestApi();
    await api.launch(database.url, {});
    expect(api.app.get(PeriodicTasks).names).toEqual(OF_THE_API);
    await expectWaiting(api.app.get(SchedulerRegistry), OF_THE_API);
    await api.stop();
    expect(api.app.get(SchedulerRegistry).getTimeouts()).toEqual([]);
  });

  it('are these in a worker, and wait in the registry of the schedule', async () => {
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: database.url, DB_POOL_SIZE: '8', LOG_LEVEL: 'error' });
    const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(config), {
      logger: ['error'],
      abortOnError: false,
    });
    expect(app.get(PeriodicTasks).names).toEqual([...OF_A_WORKER, ...BY_CRON].sort());
    await expectWaiting(app.get(SchedulerRegistry), OF_A_WORKER);
    expect([...app.get(SchedulerRegistry).getCronJobs().keys()].sort()).toEqual(BY_CRON);
    await app.close();
    expect(app.get(SchedulerRegistry).getTimeouts()).toEqual([]);
    expect(app.get(SchedulerRegistry).getCronJobs().size).toBe(0);
  });
});

/** Each was seen waiting for its next run: it runs meanwhile, so not all at the same moment. */
async function expectWaiting(registry: SchedulerRegistry, names: string[]): Promise<void> {
  const seen = new Set<string>();
  await eventually(() => {
    for (const name of registry.getTimeouts()) seen.add(name);
    expect([...seen].sort()).toEqual(names);
  });
}
