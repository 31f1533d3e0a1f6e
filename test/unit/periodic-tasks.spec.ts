import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { Schedule } from '../../src/platform/scheduling/periodic-task.js';
import { PeriodicTasks } from '../../src/platform/scheduling/periodic-tasks.js';
import { eventually } from '../support/eventually.js';
import { unstartedTasks } from '../support/periodic-tasks.js';

@Module({ imports: [ScheduleModule.forRoot()], providers: [Metrics, PeriodicTasks] })
class TasksModule {}

/** Work whose runs end when the test says so. */
class Work {
  started = 0;
  atOnce = 0;
  mostAtOnce = 0;
  signal: AbortSignal | undefined;
  private released = false;
  private endRun: (error?: Error) => void = () => undefined;

  readonly run = async (signal: AbortSignal): Promise<void> => {
    this.signal = signal;
    this.started += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    try {
      await new Promise<void>((resolve, reject) => {
        this.endRun = (error) => (error === undefined ? resolve() : reject(error));
        if (this.released) resolve();
      });
    } finally {
      this.atOnce -= 1;
    }
  };

  /** Ends this run, and each that follows at once. */
  release(): void {
    this.released = true;
    this.endRun();
  }

  async end(error?: Error): Promise<void> {
    await eventually(() => expect(this.atOnce).toBe(1));
    this.endRun(error);
  }
}

const SCHEDULES: [string, Schedule][] = [
  ['after a pause', { pauseMs: 1 }],
  ['at an interval', { everyMs: 1 }],
  ['at the times of a cron expression', { cron: '* * * * * *', timeZone: 'Europe/Berlin' }],
];

describe.each(SCHEDULES)('a task that runs %s', (_name, schedule) => {
  let app: INestApplicationContext;
  let tasks: PeriodicTasks;
  let work: Work;
  let reported: string[];

  beforeEach(async () => {
    app = await NestFactory.createApplicationContext(TasksModule, { logger: false, abortOnError: false });
    tasks = app.get(PeriodicTasks);
    work = new Work();
    reported = [];
    tasks.add({ name: 'work', schedule, run: work.run, onError: (error) => reported.push(error.message) });
    tasks.onApplicationBootstrap();
  });

  afterEach(async () => {
    work.release();
    await app.close();
  });

  const timers = () => {
    const registry = app.get(SchedulerRegistry);
    return [...registry.getTimeouts(), ...registry.getCronJobs().keys()];
  };

  it('runs again and again, never twice at a time', async () => {
    await work.end();
    await work.end();
    await eventually(() => expect(work.started).toBe(3));
    expect(work.mostAtOnce).toBe(1);
  });

  it('reports a run that fails, and goes on', async () => {
    await work.end(new Error('the database is away'));
    await eventually(() => expect(work.started).toBe(2));
    expect(reported).toEqual(['the database is away']);
  });

  it('stops after the run that is under way, which is told so', async () => {
    await eventually(() => expect(work.atOnce).toBe(1));
    let closed = false;
    const closing = app.close().then(() => (closed = true));
    await eventually(() => expect(work.signal?.aborted).toBe(true));
    expect(closed).toBe(false);
    await work.end();
    await closing;
    expect(work.started).toBe(1);
    expect(timers()).toEqual([]);
  });
});

describe('periodic tasks', () => {
  it('stand in the registry of the schedule under their names while they wait', async () => {
    const app = await NestFactory.createApplicationContext(TasksModule, { logger: false, abortOnError: false });
    const tasks = app.get(PeriodicTasks);
    const onError = () => undefined;
    const run = async () => undefined;
    tasks.add({ name: 'hourly', schedule: { pauseMs: 3_600_000 }, run, onError });
    tasks.add({ name: 'steady', schedule: { everyMs: 3_600_000 }, run, onError });
    tasks.add({ name: 'nightly', schedule: { cron: '0 0 3 * * *', timeZone: 'Europe/Berlin' }, run, onError });
    tasks.onApplicationBootstrap();
    const registry = app.get(SchedulerRegistry);
    await eventually(() => expect(registry.getTimeouts().sort()).toEqual(['hourly', 'steady']));
    expect(registry.getCronJob('nightly').nextDate().setZone('Europe/Berlin').hour).toBe(3);
    await app.close();
    expect([...registry.getTimeouts(), ...registry.getCronJobs().keys()]).toEqual([]);
  });

  it('report a run that throws before it waits for anything', async () => {
    const reported: string[] = [];
    const tasks = unstartedTasks();
    const run = () => {
      throw new Error('at once');
    };
    tasks.add({ name: 'bad', schedule: { pauseMs: 3_600_000 }, run, onError: ({ message }) => reported.push(message) });
    tasks.onApplicationBootstrap();
    await eventually(() => expect(reported).toEqual(['at once']));
    await tasks.beforeApplicationShutdown();
  });
});
