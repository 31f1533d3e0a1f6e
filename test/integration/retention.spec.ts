import { readFileSync } from 'node:fs';
import pg from 'pg';
import { RecountService } from '../../src/analytics/rollups/recount.service.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { BY_KEY, mustStay } from '../../src/retention/removal/event-removal.repository.js';
import { RETENTION_RULES } from '../../src/retention/rules/retention-rules.js';
import { lastDue } from '../../src/retention/schedule/last-due.js';
import { ScheduleStatus } from '../../src/retention/schedule/schedule-status.js';
import { schedulesOf } from '../../src/retention/schedule/schedules.js';
import { RunLost, type RunContext, type ScheduledTask } from '../../src/retention/schedule/scheduled-task.js';
import { measureStorage } from '../../src/retention/storage/storage.repository.js';
import { toStorage } from '../../src/retention/storage/storage.js';
import { idOf } from '../support/audit-trail.js';
import type { TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TestPipeline } from '../support/ingest.js';
import { recordAt } from '../support/past.js';
import { TestRetention } from '../support/retention.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const now = new Date();
const daysAgo = (days: number) => new Date(now.getTime() - days * DAY_MS);
const NEVER = new AbortController().signal;

const caller = (tenantId: string) => ({ tenantId, clientId: 'test', keyId: null });

async function newTenant(database: TestDatabase): Promise<string> {
  const id = uuid7();
  await database.query('insert into tenants (id, name) values ($1, $2)', [id, id]);
  return id;
}

describeDatabase('retention', {}, (database) => {
  let pipeline: TestPipeline;
  let retention: TestRetention;

  beforeAll(() => {
    pipeline = new TestPipeline(database.url);
    retention = new TestRetention(database.url, { EVENT_RETENTION_DAYS: '90' });
  });

  afterAll(async () => {
    await pipeline.stop();
    await retention.stop();
  });

  const record = (tenant: string, days: number, ...raws: Record<string, unknown>[]) =>
    recordAt({ database, pipeline }, daysAgo(days), raws, tenant);

  const setPolicy = (tenant: string, event_type: string | undefined, days: number | null, kind = 'events' as const) =>
    retention.policies.set(caller(tenant), { kind, days, ...(event_type === undefined ? {} : { event_type }) });

  const idsOf = async (tenant: string) =>
    (
      await database.query<{ event_id: string }>('select event_id from events where tenant_id = $1 order by 1', [
        tenant,
      ])
    ).map(({ event_id }) => event_id);

  const countOf = async (table: string, tenant: string) =>
    (await database.query<{ n: number }>(`select count(*)::int as n from ${table} where tenant_id = $1`, [tenant]))[0]!
      .n;

  const orphans = () =>
    database.query('select from event_keys k where not exists (select from events e where e.id = k.id)');

  const compare = (tenantId: string) =>
    new RecountService(pipeline.database).recount(
      { from: daysAgo(2_000).getTime(), to: Date.now() + DAY_MS },
      { repair: false, tenantId },
    );

  it('asks whether a month must stay without reading it', async () => {
    const tenant = await newTenant(database);
    const raws = Array.from({ length: 2_000 }, (_, n) => ({ event_id: `one of many ${n}` }));
    await record(tenant, 800, ...raws);
    await database.query('vacuum analyze events');
    const month = new Date(Date.UTC(daysAgo(800).getUTCFullYear(), daysAgo(800).getUTCMonth()));
    const end = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1));
    const read = await pipeline.database.inSystem(async (sql) => {
      const soFar = async () => {
        const { rows } = await sql.query<{ n: number }>(
          `select sum(pg_stat_get_xact_tuples_returned(i.indexrelid) + pg_stat_get_xact_tuples_returned(i.indrelid))::int as n
           from pg_index i where i.indrelid = to_regclass('events_' || to_char($1::date, 'YYYY_MM'))`,
          [month.toISOString().slice(0, 10)],
        );
        return rows[0]!.n;
      };
      await sql.query(BY_KEY);
      const before = await soFar();
      await mustStay(sql, { month, end });
      return (await soFar()) - before;
    });
    expect(read).toBeLessThan(10);
  });

  it('removes events past their time with what belongs to them; their counts stay, and a second run finds nothing', async () => {
    const tenant = await newTenant(database);
    for (const days of [120, 91, 89, 0]) await record(tenant, days, { event_id: `d${days}`, user_id: 'u' });
    const [old] = await database.query<{ id: string }>(
      `select id from events where tenant_id = $1 and event_id = 'd91'`,
      [tenant],
    );
    await database.query(
      `insert into failed_events (tenant_id, event_id, reason, counted) values ($1, $2, 'x', false)`,
      [tenant, old!.id],
    );
    await database.query(
      `insert into event_patches (tenant_id, event_id, id, client_id, payload) values ($1, $2, $2, 'c', '{}')`,
      [tenant, old!.id],
    );
    const counted = () =>
      database.query('select sum(count)::int as n from event_totals_day where tenant_id = $1', [tenant]);
    const before = await counted();
    await retention.run('events');
    await retention.run('housekeeping');
    expect(await idsOf(tenant)).toEqual(['d0', 'd89']);
    expect(await orphans()).toEqual([]);
    expect(await countOf('failed_events', tenant)).toBe(0);
    expect(await countOf('event_patches', tenant)).toBe(0);
    expect(await countOf('ingest_batches', tenant)).toBe(2);
    expect(await counted()).toEqual(before);
    expect(await compare(tenant)).toEqual([]);
    expect(await retention.run('events')).toEqual({});
    expect(await retention.run('housekeeping')).toEqual({});
    await database.query(`update event_totals_day set count = count + 1 where tenant_id = $1 and bucket > $2`, [
      tenant,
      daysAgo(90),
    ]);
    // not of today, on which events were processed that are gone
    expect((await compare(tenant)).map(({ table }) => table)).toEqual(['event_totals_day']);
  });

  it('keeps by event type and tenant, and looks again when a policy changes', async () => {
    const tenant = await newTenant(database);
    await setPolicy(tenant, 'login', 10);
    await setPolicy(tenant, 'order', 300);
    const types = ['login', 'order', 'view'];
    for (const days of [200, 20, 5]) {
      await record(tenant, days, ...types.map((event_type) => ({ event_type, event_id: `${event_type}${days}` })));
    }
    const kept = ['login5', 'order20', 'order200', 'order5', 'view20', 'view5'];
    const plan = (await retention.runner().plan('events')).filter(({ tenant_id }) => tenant_id === tenant);
    expect(plan.reduce((sum, { rows }) => sum + rows, 0)).toBe(9 - kept.length);
    expect(plan.every(({ bytes, month }) => bytes > 0 && /^\d{4}-\d\d$/.test(month))).toBe(true);
    await retention.run('events');
    expect(await idsOf(tenant)).toEqual(kept);
    await setPolicy(tenant, 'order', null);
    await retention.run('events');
    expect(await idsOf(tenant)).toEqual(kept.filter((id) => id !== 'order200'));
  });

  it('removes in steps of which none is large, and reports each', async () => {
    const tenant = await newTenant(database);
    const OLD = 12_000;
    await database.query('select ensure_partitions($1, 1)', [daysAgo(100)]);
    await database.query(
      `insert into events (tenant_id, id, batch_id, client_id, event_id, event_type, event_time, received_at, payload)
       select $1, (substr(uuid7_lower_bound($2)::text, 1, 24) || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), 'c',
              'step ' || n, 't', $2, $2, '{}' from generate_series(1, $3::int) n`,
      [tenant, daysAgo(100), OLD],
    );
    const steps: number[] = [];
    const [events] = retention.tasks as [ScheduledTask];
    await events.run({
      ...{ now, signal: NEVER },
      removed: ({ rows }) => Promise.resolve(void (rows > 0 && steps.push(rows))),
    });
    expect(steps.reduce((sum, rows) => sum + rows, 0)).toBe(OLD);
    expect(steps[0]).toBeLessThanOrEqual(1_000);
    expect(Math.max(...steps)).toBeLessThanOrEqual(10_000);
  });

  it('drops a month that is past for everybody and in which nothing is held, and what belongs to its events', async () => {
    const tenant = await newTenant(database);
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 14, 15));
    const name = `events_${month.toISOString().slice(0, 7).replace('-', '_')}`;
    await recordAt({ database, pipeline }, month, [{ event_id: 'gone', user_id: 'u' }], tenant);
    const isThere = async () => (await database.query('select from pg_class where relname = $1', [name])).length > 0;
    await setPolicy(tenant, undefined, 600);
    await retention.run('events');
    expect(await isThere()).toBe(true);
    await setPolicy(tenant, undefined, null);
    const hold = await retention.holds.order(caller(tenant), { reason: 'r', user_id: 'u' });
    expect(await retention.run('events')).toEqual({});
    expect(await idsOf(tenant)).toEqual(['gone']);
    await retention.holds.release(caller(tenant), hold.id);
    expect(await retention.run('events')).toEqual({ events: 1 });
    expect(await isThere()).toBe(false);
    expect(await orphans()).toEqual([]);
    await retention.run('housekeeping');
    expect(
      await database.query('select from pg_class where relname = $1', [name.replace('events', 'ingest_batches')]),
    ).toEqual([]);
  });

  it('keeps a month that somebody reads until he is done, and lets nobody wait for long meanwhile', async () => {
    const tenant = await newTenant(database);
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 16, 15));
    await recordAt({ database, pipeline }, month, [{ event_id: 'read' }], tenant);
    const reader = await pipeline.database.system.connect();
    await reader.query('begin');
    await reader.query('select from events where tenant_id = $1', [tenant]);
    let done = false;
    const run = retention.run('events').finally(() => (done = true));
    await eventually(async () => {
      const seen = await database.query(`select from pg_locks where mode = 'AccessExclusiveLock' and not granted`);
      expect(seen).toHaveLength(1);
    });
    const began = performance.now();
    await record(tenant, 0, { event_id: 'new' });
    expect(performance.now() - began).toBeLessThan(5_000); // it waited behind the drop for a moment, not for the reader
    expect(done).toBe(false);
    await reader.query('commit');
    reader.release();
    await run;
    expect(await idsOf(tenant)).toEqual(['new']);
  });

  it('keeps counts as long as an event of their time: of history that was sent late, too', async () => {
    const tenant = await newTenant(database);
    const event_time = daysAgo(1_500).toISOString();
    await record(tenant, 50, { event_id: 'late', event_time, user_id: 'u' });
    await record(tenant, 800, { event_id: 'old', user_id: 'u' });
    await database.query(`update event_totals_day set bucket = bucket where tenant_id = $1`, [tenant]);
    await retention.run('events');
    await retention.run('housekeeping');
    expect(await idsOf(tenant)).toEqual(['late']);
    expect(await countOf('event_totals_day', tenant)).toBe(2);
    expect(await compare(tenant)).toEqual([]);
    await database.query(`delete from events where tenant_id = $1`, [tenant]);
    await retention.run('housekeeping');
    expect(await countOf('event_totals_day', tenant)).toBe(0);
    expect(await countOf('user_days', tenant)).toBe(0);
  });

  it('removes calls and finished jobs past their time', async () => {
    const tenant = await newTenant(database);
    await database.query(`select ensure_partitions($1, 2)`, [daysAgo(95)]);
    for (const days of [95, 85]) {
      await database.query(
        `insert into api_audit_logs (tenant_id, id, request_id, method, path, status_code, duration_ms, request_bytes, timestamp)
         values ($1, $2, 'r', 'GET', '/', 200, 1, 0, $3)`,
        [tenant, idOf(daysAgo(days).getTime()), daysAgo(days)],
      );
      await database.query(
        `insert into jobs (tenant_id, id, name, parameters, state, total, client_id, finished_at)
         values ($1, $2, 'generate-sample-data', '{}', 'completed', 1, 'c', $3)`,
        [tenant, uuid7(), daysAgo(days - 60)],
      );
    }
    expect(await retention.run('housekeeping')).toMatchObject({ api_audit_logs: 1, jobs: 1 });
    expect([await countOf('api_audit_logs', tenant), await countOf('jobs', tenant)]).toEqual([1, 1]);
  });

  it('removes audit entries after the days of the tenant, by the clean-up, which records itself', async () => {
    const tenant = await newTenant(database);
    const write = (days: number) =>
      retention.trail.write({ tenant_id: tenant, id: idOf(daysAgo(days).getTime()), message: `d${days}` });
    for (const days of [20, 40, 400]) {
      await database.query('select ensure_partitions($1, 1)', [daysAgo(days)]);
      await write(days);
    }
    await retention.trail.sealAll();
    const messages = async () =>
      (
        await database.query<{ message: string }>(
          `select message from audit_entries where tenant_id = $1 and source = 'api' order by id desc`,
          [tenant],
        )
      ).map(({ message }) => message);
    const cleanups = () =>
      database.query<{ client_id: string }>(
        `select client_id from audit_entries where tenant_id = $1 and resource_type = 'audit_log'`,
        [tenant],
      );
    expect(await retention.run('audit')).toEqual({ audit_entries: 1 });
    expect(await messages()).toEqual(['d20', 'd40']);
    const archived = () => database.query('select entries, state from audit_archives where tenant_id = $1', [tenant]);
    expect(await archived()).toEqual([{ entries: 1, state: 'stored' }]);
    await retention.policies.set(caller(tenant), { kind: 'audit', days: 30 });
    await retention.run('audit');
    expect(await messages()).toEqual(['d20']);
    expect(await retention.run('audit')).toEqual({});
    expect(await cleanups()).toEqual([{ client_id: 'retention' }, { client_id: 'retention' }]);
  });

  it('measures what is on disk while a month is dropped', async () => {
    const owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await owner.query('create table dropped_2020_01 ()');
    await owner.query('begin; drop table dropped_2020_01');
    const measured = measureStorage(retention.database.system);
    await eventually(async () =>
      expect(await database.query('select from pg_locks where not granted')).toHaveLength(1),
    );
    await owner.query('commit');
    await owner.end();
    const { tables } = await measured;
    expect(tables.find(({ table }) => table.startsWith('dropped'))).toEqual({
      ...{ table: 'dropped_2020_01', month: '2020-01', bytes: 0, rows: 0 },
    });
  });

  it('has hold orders wait for the step that is under way, and sees them in the next', async () => {
    const tenant = await newTenant(database);
    await record(tenant, 100, { event_id: 'held', user_id: 'u' });
    const step = await pipeline.database.system.connect();
    await step.query('begin');
    await step.query(`select pg_advisory_xact_lock_shared(hashtext('tidemark.holds'))`);
    let ordered = false;
    const order = retention.holds.order(caller(tenant), { reason: 'r', user_id: 'u' }).then(() => (ordered = true));
    await eventually(async () => {
      const waiting = await database.query(`select from pg_locks where locktype = 'advisory' and not granted`);
      expect(waiting).toHaveLength(1);
    });
    expect(ordered).toBe(false);
    await step.query('commit');
    step.release();
    await order;
    await retention.run('events');
    expect(await idsOf(tenant)).toEqual(['held']);
  });

  describe('the rules', () => {
    it('are there for every table', async () => {
      const tables = await database.query<{ name: string }>(
        `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
      );
      expect(tables.map(({ name }) => name)).toEqual(Object.keys(RETENTION_RULES).sort());
    });

    it('are those of docs/retention.md', () => {
      const page = readFileSync('docs/retention.md', 'utf8');
      const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);
      const told = Object.entries(RETENTION_RULES).map(([table, { kept, task, hold }]) => [
        table,
        kept,
        task ?? '–',
        hold ?? '–',
      ]);
      expect(rows).toEqual(told.sort(([a], [b]) => (a! < b! ? -1 : 1)));
    });
  });
});

describe('the days until the disk is full', () => {
  const events = { table: 'events', month: '2026-11', bytes: 1_000, rows: 10 };
  const measured = { tables: [events], databaseBytes: 3_000, recentEvents: 70, days: 7 }; // 1,000 bytes a day
  const left = (DATABASE_DISK_BYTES: number | undefined, change = {}) =>
    toStorage({ ...measured, ...change }, { DATABASE_DISK_BYTES, EVENT_RETENTION_DAYS: 90 }).days_until_full;

  it('are what is free at the present rate, none when nothing is, and null when it never is', () => {
    expect(left(8_500)).toBe(5);
    expect(left(3_000)).toBe(0);
    expect(left(3_000, { tables: [] })).toBe(0);
    expect(left(3_001, { recentEvents: 0 })).toBeNull();
    expect(left(92_000)).toBeNull(); // 89,000 free bytes and those of today's events are 90 days
    expect(left(91_999)).toBe(88);
    expect(left(undefined)).toBeNull();
  });
});

describe('the last time that a task was due', () => {
  it.each([
    ['0 2 * * *', 'UTC', '2026-11-26T02:00:00.000Z', '2026-11-26T02:00:00.000Z'],
    ['0 2 * * *', 'UTC', '2026-11-26T01:59:59.999Z', '2026-11-25T02:00:00.000Z'],
    ['0 2 * * *', 'America/Chicago', '2026-11-26T07:59:00.000Z', '2026-11-25T08:00:00.000Z'],
    ['*/10 * * * *', 'UTC', '2026-11-26T10:19:59.000Z', '2026-11-26T10:10:00.000Z'],
    ['30 3 1 1 *', 'UTC', '2026-11-26T00:00:00.000Z', '2026-01-01T03:30:00.000Z'],
    // clocks are put forward from 02:00 to 03:00 on that day, and back on the other
    ['30 2 * * *', 'Europe/Berlin', '2026-03-29T12:00:00.000Z', '2026-03-29T01:00:00.000Z'],
    ['30 2 * * *', 'Europe/Berlin', '2026-10-25T12:00:00.000Z', '2026-10-25T00:30:00.000Z'],
  ])('%s in %s, seen at %s, is %s', (cron, zone, at, due) => {
    expect(lastDue(cron, zone, new Date(at))?.toISOString()).toBe(due);
  });
});

describeDatabase('runs of scheduled tasks', {}, (database) => {
  let workers: TestRetention[];

  beforeAll(() => {
    workers = [0, 1, 2].map(() => new TestRetention(database.url, { DB_POOL_SIZE: '8' }));
  });

  beforeEach(() => database.query('delete from task_runs'));

  afterAll(() => Promise.all(workers.map((worker) => worker.stop())));

  const task = (name: string, cron: string, run: ScheduledTask['run']): ScheduledTask => ({
    ...{ name, cron, run },
    plan: () => Promise.resolve([]),
  });
  const endLeases = () => database.query(`update task_runs set leased_until = now() - interval '1 second'`);
  const list = () => workers[0]!.runs.list(100);

  it('happen once each, with three workers, over 24 hours', async () => {
    const done: string[] = [];
    const tasks = [
      ['events', '0 2 * * *'],
      ['audit', '0 3 * * *'],
      ['often', '*/30 * * * *'],
    ].map(([name, cron]) =>
      task(name!, cron!, ({ now: due }) => {
        done.push(`${name} ${due.toISOString()}`);
        return Promise.resolve();
      }),
    );
    const start = Date.UTC(2026, 2, 14, 0, 5);
    for (let at = start; at < start + DAY_MS; at += 15 * MINUTE_MS) {
      await Promise.all(
        workers.map(async (worker, n) => {
          await worker.scheduler(tasks).look(new Date(at + n * 1_000));
          while (await worker.runner(tasks).run(null, NEVER));
        }),
      );
    }
    const halfHours = Array.from({ length: 48 }, (_, n) => new Date(Date.UTC(2026, 2, 14) + n * 30 * MINUTE_MS));
    const expected = [
      ...halfHours.map((due) => `often ${due.toISOString()}`),
      // at start, the last that was missed; then that of the day
      ...['13', '14'].flatMap((day) => [`events 2026-03-${day}T02:00:00.000Z`, `audit 2026-03-${day}T03:00:00.000Z`]),
    ];
    expect(done.sort()).toEqual(expected.sort());
    expect((await database.query(`select distinct state from task_runs`)).map((row) => row)).toEqual([
      { state: 'completed' },
    ]);
  }, 120_000);

  it('that a killed worker had are finished by another, with what was removed before', async () => {
    let dead: RunContext | undefined;
    let end: () => void = () => undefined;
    const hanging = task('t', '0 2 * * *', async (context) => {
      await context.removed({ table: 'events', tenant_id: null, rows: 3, bytes: 30 });
      dead = context;
      await new Promise<void>((resolve) => (end = resolve));
    });
    const [first, second] = workers as [TestRetention, TestRetention];
    const [id] = await first.scheduler([hanging]).look();
    const hangs = first.runner([hanging]).run(id!, NEVER);
    await eventually(() => expect(dead).toBeDefined());
    const whole = task('t', '0 2 * * *', (context) =>
      context.removed({ table: 'events', tenant_id: null, rows: 4, bytes: 40 }),
    );
    expect(await second.runner([whole]).run(null, NEVER)).toBe(false); // it may live
    await endLeases();
    expect(await second.runner([whole]).run(null, NEVER)).toBe(true);
    expect(await list()).toMatchObject([{ id, state: 'completed', rows: 7, bytes: 70, attempts: 0, error: null }]);
    await expect(dead!.removed({ table: 'events', tenant_id: null, rows: 5, bytes: 50 })).rejects.toThrow(RunLost);
    end();
    await hangs;
    expect(await list()).toMatchObject([{ rows: 7, state: 'completed' }]);
  });

  it('that fail are tried again later, and the fifth failure is the last', async () => {
    const failing = task('t', '0 2 * * *', () => Promise.reject(new Error('no luck')));
    const [worker] = workers as [TestRetention];
    await worker.scheduler([failing]).look();
    for (let attempts = 1; attempts <= 5; attempts++) {
      expect(await worker.runner([failing]).run(null, NEVER)).toBe(true);
      expect(await list()).toMatchObject([{ attempts, error: 'no luck', state: attempts < 5 ? 'queued' : 'failed' }]);
      expect(await worker.runner([failing]).run(null, NEVER)).toBe(false);
      await endLeases();
    }
    expect(await worker.runner([failing]).run(null, NEVER)).toBe(false);
  });

  it('tell how late they are since they were due, or made, unless a worker is at it', async () => {
    const [worker] = workers as [TestRetention];
    expect(schedulesOf(worker.config)).toEqual(worker.scheduler().schedules);
    const status = new ScheduleStatus(worker.config, worker.runs);
    const read = async (at?: Date) => (await status.read(at)).find((one) => one.task === 'events')!;
    const soon = expect.closeTo(0, -2) as number; // less than 50 s
    expect(await read()).toEqual({ task: 'events', endedAt: null, failures: 0, overdueSeconds: soon });
    let end: () => void = () => undefined;
    const failing = task('events', '0 2 * * *', () => Promise.reject(new Error('no luck')));
    const hanging = task('events', '0 2 * * *', () => new Promise<void>((resolve) => (end = resolve)));
    await worker.scheduler([failing]).look();
    expect(await read()).toMatchObject({ endedAt: null, failures: 0, overdueSeconds: soon });
    await database.query(`update task_runs set id = uuidv7(interval '-2 hours')`);
    await worker.runner([failing]).run(null, NEVER);
    const late = expect.closeTo(7_200, -2) as number;
    expect(await read()).toMatchObject({ endedAt: null, failures: 1, overdueSeconds: late });
    await endLeases();
    const hangs = worker.runner([hanging]).run(null, NEVER);
    await eventually(async () => expect(await list()).toMatchObject([{ state: 'running' }]));
    expect(await read()).toMatchObject({ failures: 1, overdueSeconds: 0 });
    end();
    await hangs;
    const ended = await read();
    expect(ended).toMatchObject({ failures: 0, overdueSeconds: 0 });
    expect(ended.endedAt).toBeCloseTo(Date.now() / 1_000, -2);
    const later = new Date(Date.now() + 2 * DAY_MS);
    const due = lastDue('0 2 * * *', 'UTC', later)!;
    expect((await read(later)).overdueSeconds).toBe((later.getTime() - due.getTime()) / 1_000); // nobody made it
  });

  it('are given back by a worker that stops', async () => {
    const stopping = new AbortController();
    const [first, second] = workers as [TestRetention, TestRetention];
    const stopped = task('t', '0 2 * * *', (context) => {
      stopping.abort();
      return context.removed({ table: 'events', tenant_id: null, rows: 1, bytes: 1 });
    });
    await first.scheduler([stopped]).look();
    await first.runner([stopped]).run(null, stopping.signal);
    const done = task('t', '0 2 * * *', () => Promise.resolve());
    expect(await second.runner([done]).run(null, NEVER)).toBe(true);
    expect(await list()).toMatchObject([{ state: 'completed', attempts: 0 }]);
  });

  it('of one task are not done at the same time', async () => {
    const [first, second] = workers as [TestRetention, TestRetention];
    let end: () => void = () => undefined;
    const slow = task('t', '0 2 * * *', () => new Promise<void>((resolve) => (end = resolve)));
    await first.scheduler([slow]).look();
    const running = first.runner([slow]).run(null, NEVER);
    await eventually(async () => expect(await list()).toMatchObject([{ state: 'running' }]));
    await expect(second.runner([slow]).runNow('t', NEVER, () => undefined)).rejects.toThrow('is running already');
    await second.runs.insert('t', new Date());
    expect(await second.runner([slow]).run(null, NEVER)).toBe(false);
    end();
    await running;
  });
});

describeDatabase('ninety days of retention', {}, (database) => {
  const DAYS = 90;
  const KEPT = 30;
  const PER_DAY = 1_000;
  let pipeline: TestPipeline;
  let retention: TestRetention;

  beforeAll(() => {
    const days = String(KEPT);
    pipeline = new TestPipeline(database.url);
    retention = new TestRetention(database.url, {
      ...{ EVENT_RETENTION_DAYS: days, AUDIT_RETENTION_DAYS: days },
      ...{ ROLLUP_RETENTION_DAYS: days, CALL_LOG_RETENTION_DAYS: days },
    });
  });

  afterAll(async () => {
    await pipeline.stop();
    await retention.stop();
  });

  const countAll = async () => {
    const tables = Object.keys(RETENTION_RULES);
    const parts = tables.map((table) => `(select count(*) from ${table})::int as ${table}`);
    const [counts] = await database.query<Record<string, number>>(`select ${parts.join(', ')}`);
    return counts!;
  };

  /** What a day leaves besides events: dead letters, calls, a job. */
  async function recordTheRest(at: Date): Promise<void> {
    await database.query(
      `insert into failed_events (tenant_id, event_id, reason, counted)
       select tenant_id, id, 'x', false from events where received_at = $1 order by id limit 3`,
      [at],
    );
    await database.query(
      `insert into api_audit_logs (tenant_id, id, request_id, method, path, status_code, duration_ms, request_bytes, timestamp)
       select $1, (substr(uuid7_lower_bound($2)::text, 1, 24) || lpad(to_hex(n), 12, '0'))::uuid, 'r', 'GET', '/', 200, 1, 0, $2
       from generate_series(1, 20) n`,
      [DEFAULT_TENANT_ID, at],
    );
    await database.query(
      `insert into jobs (tenant_id, id, name, parameters, state, total, client_id, finished_at)
       select $1, gen_random_uuid(), 'generate-sample-data', '{}', 'completed', 1, 'c', $2 from generate_series(1, 2)`,
      [DEFAULT_TENANT_ID, at],
    );
  }

  it('leave every table as large as after the first month', async () => {
    const noon = new Date(now).setUTCHours(12, 0, 0, 0);
    const sizes: Record<string, number>[] = [];
    for (let day = 0; day < DAYS; day++) {
      const at = new Date(noon - (DAYS - day) * DAY_MS);
      const events = Array.from({ length: PER_DAY }, (_, n) => ({
        user_id: `u${n % 7}`,
        session_id: `s${day}-${n % 9}`,
      }));
      await recordAt({ database, pipeline }, at, events, DEFAULT_TENANT_ID);
      await recordTheRest(at);
      await retention.scheduler().look(at);
      while (await retention.runner().run(null, NEVER));
      sizes.push(await countAll());
    }
    const base = sizes[KEPT + 1]!;
    expect(base).toMatchObject({
      ...{ events: PER_DAY * (KEPT + 1), event_keys: PER_DAY * (KEPT + 1), user_days: 7 * (KEPT + 1) },
      ...{ failed_events: 3 * (KEPT + 1), api_audit_logs: 20 * (KEPT + 1), jobs: 2 * (KEPT + 1) },
    });
    // Batches are processed by the real clock, so their counts get a row for each minute that this takes.
    const changed = sizes.slice(KEPT + 1).flatMap((size, n) =>
      Object.keys(size)
        .filter((table) => Math.abs(size[table]! - base[table]!) > 5)
        .map((table) => `${table} on day ${KEPT + 1 + n}: ${base[table]} → ${size[table]}`),
    );
    expect(changed).toEqual([]);
  }, 240_000);
});
