import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { mulberry32, pick } from '../../src/events/sample-data/seeded-random.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import type { Removable } from '../../src/retention/schedule/scheduled-task.js';
import { idOf, verifyLines } from '../support/audit-trail.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { TestPipeline } from '../support/ingest.js';
import { runBuilt } from '../support/logins.js';
import { recordAt } from '../support/past.js';
import { testRedisUrl } from '../support/redis.js';
import { TestRetention } from '../support/retention.js';
import { TestWorker } from '../support/worker.js';

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS);

interface Run {
  id: string;
  task: string;
  state: string;
  due: string;
  began: string | null;
  ended: string | null;
  rows: number;
  bytes: number;
  holds: number;
  error: string | null;
}

const backends = [
  ['postgres', undefined],
  ['redis', testRedisUrl],
] as const;

for (const [backend, redisUrl] of backends) {
  const needs = backend === 'redis' ? backend : undefined;

  describeApi(
    `runs of retention on the ${backend} queue`,
    { needs, env: { REDIS_URL: redisUrl, RATE_LIMIT_REQUESTS: '100000' } }, // it asks until it is so
    (api, { database }) => {
      const OLD = 60_000;
      const runs = async () => (await api.get<{ data: Run[] }>('/retention/runs')).body.data;
      const countEvents = async () =>
        (await database.query<{ n: number }>('select count(*)::int as n from events'))[0]!.n;

      /** Whether a job of the queue carries the id of the run. */
      async function wasTold(id: string): Promise<boolean> {
        if (redisUrl === undefined) {
          return (
            (await database.query(`select from bullmq.job where queue = 'retention' and id = $1`, [id])).length > 0
          );
        }
        const redis = new Redis(redisUrl);
        const found = await redis.exists(`{tidemark}:retention:${id}`);
        redis.disconnect();
        return found === 1;
      }

      it('that were due while no worker ran are made up for at start; another worker finishes that of a killed one', async () => {
        await database.query('select ensure_partitions($1, 2)', [daysAgo(130)]);
        await database.query(
          `insert into events (tenant_id, id, batch_id, client_id, event_id, event_type, event_time, received_at, payload)
         select $1, (substr(uuid7_lower_bound($2)::text, 1, 24) || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(), 'c',
                'old ' || n, 't', $2, $2, '{}' from generate_series(1, $3::int) n`,
          [DEFAULT_TENANT_ID, daysAgo(100), OLD],
        );
        const workers = { LOG_LEVEL: 'silent', REDIS_URL: redisUrl };
        const first = await TestWorker.start(database.url, workers);
        await eventually(async () => {
          const run = (await runs()).find(({ task }) => task === 'events');
          expect(run?.rows).toBeGreaterThan(0);
        });
        await first.kill();
        const left = await countEvents();
        expect(left).toBeGreaterThan(0);
        expect((await runs()).find(({ task }) => task === 'events')).toMatchObject({ state: 'running', ended: null });
        await database.query(`update task_runs set leased_until = now() where state = 'running'`);

        const second = await TestWorker.start(database.url, workers);
        await eventually(async () => {
          expect((await runs()).map(({ task, state }) => `${task} ${state}`).sort()).toEqual([
            ...['audit completed', 'events completed', 'housekeeping completed'],
          ]);
        }, 40_000);
        expect(await second.stop()).toBe(0);
        expect(await countEvents()).toBe(0);
        const all = await runs();
        const run = all.find(({ task }) => task === 'events')!;
        // what the killed worker removed last it could not report
        expect(run.rows).toBeGreaterThanOrEqual(OLD - 10_000);
        expect(run.rows).toBeLessThanOrEqual(OLD);
        expect(run).toMatchObject({ error: null, holds: 0, bytes: expect.any(Number) as number });
        expect(Date.parse(run.ended!)).toBeGreaterThan(Date.parse(run.began!));
        for (const { id } of all) expect(await wasTold(id)).toBe(true);
      }, 90_000);
    },
  );
}

/** Of the API, the worker and the command line. */
const ARCHIVE_DIR = mkdtempSync(join(tmpdir(), 'archives-'));

describeApi('retention', { env: { RATE_LIMIT_REQUESTS: '1000000', ARCHIVE_DIR } }, (api, { database }) => {
  let pipeline: TestPipeline;
  let retention: TestRetention;

  beforeAll(() => {
    pipeline = new TestPipeline(database.url);
    retention = new TestRetention(database.url);
  });

  afterAll(async () => {
    await pipeline.stop();
    await retention.stop();
    rmSync(ARCHIVE_DIR, { recursive: true });
  });

  async function newTenant(name: string): Promise<{ tenant: string; key: string }> {
    const tenant = await api.createTenant(name);
    return { tenant, key: await api.createKey(tenant, ['read', 'write', 'admin']) };
  }

  const cli = (...words: string[]) => runBuilt({ DATABASE_URL: database.url, ARCHIVE_DIR }, 'cli', ...words);

  const acts = async (key: string, type: string) =>
    (await api.get<{ data: { action_type: string; after_state: object }[] }>(`/logs?resource_type=${type}`, key)).body
      .data;

  it('shows the days that are kept, sets them, and records each change', async () => {
    const { key } = await newTenant('Policies');
    const defaults = [
      { kind: 'events', event_type: null, days: 90, is_policy: false },
      { kind: 'audit', event_type: null, days: 365, is_policy: false },
    ];
    expect((await api.get('/retention/policies', key)).body).toEqual({ data: defaults });
    const set = (body: unknown) => api.put<{ data: object[] }>('/retention/policies', body, key);
    await set({ event_type: 'click', days: 7 });
    const { status, body } = await set({ days: 30 });
    expect([status, body.data]).toEqual([
      200,
      [
        defaults[1],
        { kind: 'events', event_type: null, days: 30, is_policy: true },
        { kind: 'events', event_type: 'click', days: 7, is_policy: true },
      ],
    ]);
    await set({ event_type: 'click', days: null });
    expect((await set({ days: null })).body.data).toEqual(defaults);
    expect((await acts(key, 'retention_policy')).map(({ action_type }) => action_type)).toEqual(
      Array(4).fill('UPDATE'),
    );
    for (const bad of [{}, { days: 0 }, { days: 1.5 }, { days: 40_000 }, { days: 1, kind: 'jobs' }]) {
      expect((await set(bad)).status).toBe(400);
    }
    expect((await set({ kind: 'audit', event_type: 'x', days: 5 })).body).toMatchObject({
      errors: [{ path: 'event_type' }],
    });
  });

  it('keeps audit entries for the days of the tenant, at the clean-up too', async () => {
    const { key } = await newTenant('Audit days');
    const cleanUp = (days: string) => api.delete<{ detail: string }>(`/logs/cleanup${days}`, key);
    expect((await cleanUp('?older_than_days=100')).status).toBe(422);
    await api.put('/retention/policies', { kind: 'audit', days: 60 }, key);
    expect((await cleanUp('?older_than_days=100')).status).toBe(200);
    expect((await cleanUp('?older_than_days=59')).body.detail).toContain('are kept for 60 days');
  });

  it('orders and releases holds, and records both', async () => {
    const { key } = await newTenant('Holds');
    const order = (body: unknown) => api.put<{ id: string; errors: object[] }>('/retention/holds', body, key);
    const { status, body: hold } = await order({ reason: 'Case 1', user_id: 'ada', from: '2026-01-01T00:00:00.0001Z' });
    expect([status, hold]).toEqual([
      200,
      {
        ...{ id: hold.id, reason: 'Case 1', user_id: 'ada', from: '2026-01-01T00:00:00.000100Z', to: null },
        ...{ created_at: expect.any(String) as string, created_by: 'shop', released_at: null },
      },
    ]);
    expect(
      (await order({ reason: 'r', from: '2026-01-01T00:00:00.0002Z', to: '2026-01-01T00:00:00.0001Z' })).body.errors,
    ).toEqual([{ path: 'from', message: 'must be before to' }]);
    for (const bad of [{}, { reason: '' }, { reason: 'r', tenant: 'x' }]) expect((await order(bad)).status).toBe(400);
    const released = await api.delete<{ released_at: string }>(`/retention/holds/${hold.id}`, key);
    expect(Date.parse(released.body.released_at)).not.toBeNaN();
    expect((await api.delete(`/retention/holds/${hold.id}`, key)).status).toBe(404);
    expect((await api.get('/retention/holds', key)).body).toEqual({ data: [released.body], next_cursor: null });
    const recorded = await acts(key, 'legal_hold');
    expect(recorded.map(({ action_type }) => action_type)).toEqual(['DELETE', 'CREATE']);
    expect(recorded[1]!.after_state).toMatchObject({ reason: 'Case 1', user_id: 'ada' });
  });

  it('shows runs and storage to the platform alone', async () => {
    const { key } = await newTenant('Not the platform');
    for (const path of ['/retention/runs', '/retention/storage']) expect((await api.get(path, key)).status).toBe(403);
  });

  it('has an erasure that was requested before a hold wait until it is released', async () => {
    const { tenant, key } = await newTenant('Waiting erasure');
    await api.post('/events', { event_type: 'a', user_id: 'ada' }, key);
    const { body: erasure } = await api.post<{ id: string }>('/privacy/erasures', { user_id: 'ada' }, key);
    const { body: hold } = await api.put<{ id: string }>('/retention/holds', { reason: 'r', user_id: 'ada' }, key);
    const look = async () => (await api.get<{ state: string }>(`/privacy/erasures/${erasure.id}`, key)).body;
    expect(await look()).toMatchObject({ state: 'queued', held_by: [hold.id] });
    const worker = await TestWorker.start(database.url, { LOG_LEVEL: 'silent', ARCHIVE_DIR });
    // Shorter than the lease of an erasure that is being looked at.
    const putOff = () =>
      database.query(
        `select from privacy_erasures where id = $1 and started_at is not null
           and leased_until between now() + interval '5 seconds' and now() + interval '35 seconds'`,
        [erasure.id],
      );
    await eventually(async () => expect(await putOff()).toHaveLength(1));
    const named = () => database.query(`select from events where tenant_id = $1 and user_id = 'ada'`, [tenant]);
    expect(await named()).toHaveLength(1);
    await api.delete(`/retention/holds/${hold.id}`, key);
    await database.query('update privacy_erasures set leased_until = now()');
    await eventually(async () => expect(await look()).toMatchObject({ state: 'completed', held_by: [] }));
    await worker.stop();
    expect(await named()).toHaveLength(0);
  }, 60_000);

  it('says what would go, removes it, and tells what is on disk', async () => {
    const { tenant } = await newTenant('By hand');
    await recordAt({ database, pipeline }, daysAgo(100), [{ user_id: 'ada' }, { user_id: 'bob' }], tenant);
    await retention.holds.order({ tenantId: tenant, clientId: 't', keyId: null }, { reason: 'r', user_id: 'bob' });
    const count = async () => (await database.query(`select from events where tenant_id = $1`, [tenant])).length;
    const dry = await cli('run-retention', '--dry-run', '--json');
    const { tasks } = JSON.parse(dry.out) as { tasks: { task: string; would_remove: Removable[] }[] };
    expect(tasks.map(({ task }) => task)).toEqual(['events', 'audit', 'housekeeping']);
    expect(tasks[0]!.would_remove.filter(({ tenant_id }) => tenant_id === tenant)).toMatchObject([
      { table: 'events', month: daysAgo(100).toISOString().slice(0, 7), rows: 1, held: 1 },
    ]);
    expect((await cli('run-retention', '--dry-run', '--task=events')).out).toContain('Nothing was changed.');
    expect(await count()).toBe(2);
    const { code, out } = await cli('run-retention', '--task=events');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/100% done\nRemoved 1 rows, \d+ bytes\. Legal holds kept 1 rows\.\n$/),
    ]);
    expect(await count()).toBe(1);
    expect(JSON.parse((await cli('run-retention', '--json')).out)).toMatchObject({
      dry_run: false,
      tasks: [{}, {}, {}],
    });
    expect(await cli('run-retention', '--task=x')).toMatchObject({ code: 2 });
    const { body } = await api.get<{ data: Run[] }>('/retention/runs?task=events');
    expect(body.data.slice(0, 2)).toMatchObject([
      { rows: 0 },
      { task: 'events', state: 'completed', rows: 1, holds: 1 },
    ]);

    await database.query('analyze');
    const storage = await api.get<{ data: { table: string; month: string; bytes: number }[] }>('/retention/storage');
    expect(storage.body).toMatchObject({
      disk_bytes: null,
      days_until_full: null,
      bytes_per_event: expect.any(Number) as number,
    });
    const month = storage.body.data.find(
      (one) => one.table === 'events' && one.month === new Date().toISOString().slice(0, 7),
    );
    expect(month!.bytes).toBeGreaterThan(0);
    const doctor = JSON.parse((await cli('doctor', '--json')).out) as { findings: { check: string; detail: string }[] };
    expect(doctor.findings.find(({ check }) => check === 'storage')!.detail).toMatch(
      /^the database takes 0\.\d\d GiB, \d+ bytes/,
    );
  }, 60_000);

  describe('holds', () => {
    const SEED = Number(process.env['HOLD_SEED'] ?? 11);
    const USERS = ['a', 'ab', 'b', null];

    it('keep exactly what they cover through retention, clean-up and erasure', async () => {
      const random = mulberry32(SEED);
      const worker = await TestWorker.start(database.url, { LOG_LEVEL: 'silent', ARCHIVE_DIR });
      for (let round = 0; round < 4; round++) {
        const { tenant, key } = await newTenant(`Held ${round}`);
        const records = Array.from({ length: 40 }, (_, n) => ({
          n,
          days: Math.floor(random() * 260),
          user: pick(random, USERS),
        }));
        for (const { n, days, user } of records) await record(tenant, n, days, user);
        await api.put('/retention/policies', { kind: 'audit', days: 90 }, key);
        const terms = {
          user: round === 0 ? 'a' : pick(random, ['a', 'ab', null]),
          from: pick(random, [null, 200.5, 130.5]),
          to: pick(random, [null, 100.5, 60.5]),
        };
        await hold(key, terms);
        const covers = ({ days, user }: { days: number; user: string | null }) =>
          (terms.user === null || terms.user === user) &&
          (terms.from === null || days <= terms.from) &&
          (terms.to === null || days > terms.to);
        await retention.trail.sealAll();
        const before = await look(tenant);

        await retention.run('events');
        await retention.run('housekeeping');
        const cleaned = await api.delete('/logs/cleanup', key);
        const isOld = ({ days }: { days: number }) => days >= 90;
        const held = records.filter((one) => isOld(one) && covers(one)).length;
        expect(cleaned.body).toMatchObject({ deleted: records.filter(isOld).length - held, held });
        const kept = records.filter((one) => !isOld(one) || covers(one)).map(({ n }) => String(n));
        expect([...(await look(tenant)).keys()].sort()).toEqual(
          kept.flatMap((n) => [`entry ${n}`, `event ${n}`]).sort(),
        );

        for (const user of ['a', 'ab', 'b']) await erase(key, user, terms.user === null || terms.user === user);
        const after = await look(tenant);
        for (const { n } of records.filter(covers)) {
          for (const name of [`event ${n}`, `entry ${n}`]) expect(after.get(name)).toEqual(before.get(name));
        }
        const erased = records.filter(
          (one) => one.user !== null && terms.user !== null && terms.user !== one.user && !isOld(one),
        );
        for (const { n } of erased) expect(after.get(`event ${n}`)).not.toEqual(before.get(`event ${n}`));
        await retention.trail.sealAll();
        expect(verifyLines(await retention.trail.export(tenant))).toMatchObject({ ok: true, problems: [] });
      }
      await worker.stop();
    }, 120_000);

    async function record(tenant: string, n: number, days: number, user: string | null): Promise<void> {
      const at = daysAgo(days);
      await recordAt(
        { database, pipeline },
        at,
        [{ event_id: `${n}`, ...(user === null ? {} : { user_id: user }) }],
        tenant,
      );
      await retention.trail.write({ tenant_id: tenant, id: idOf(at.getTime()), user_id: user, status: `${n}` });
    }

    const hold = (key: string, { user, from, to }: { user: string | null; from: number | null; to: number | null }) =>
      api.put(
        '/retention/holds',
        {
          reason: 'test',
          ...(user === null ? {} : { user_id: user }),
          ...(from === null ? {} : { from: daysAgo(from).toISOString() }),
          ...(to === null ? {} : { to: daysAgo(to).toISOString() }),
        },
        key,
      );

    /** Every event and every entry of a caller, whole. */
    async function look(tenant: string): Promise<Map<string, object>> {
      const rows = await database.query<{ name: string; row: object }>(
        `select 'event ' || coalesce(nullif(event_id, ''), id::text) as name, to_jsonb(e) - 'batch_id' as row from events e where tenant_id = $1
         union all
         select 'entry ' || status, to_jsonb(e) from audit_entries e where tenant_id = $1 and source = 'api'`,
        [tenant],
      );
      return new Map(rows.map(({ name, row }) => [name, row]));
    }

    async function erase(key: string, user: string, isHeld: boolean): Promise<void> {
      const dry = await api.post<{ held_by: string[] }>('/privacy/erasures', { user_id: user, dry_run: true }, key);
      expect(dry.body.held_by).toHaveLength(isHeld ? 1 : 0);
      const { status, body } = await api.post<{ id: string; held_by: string[] }>(
        '/privacy/erasures',
        { user_id: user, confirm: true },
        key,
      );
      expect([status, body.held_by.length]).toEqual(isHeld ? [409, 1] : [202, 0]);
      const redacting = await api.post('/privacy/erasures', { user_id: user, confirm: true, mentions: 'redact' }, key);
      expect(redacting.status).toBe(409);
      if (isHeld) return;
      await eventually(async () =>
        expect((await api.get(`/privacy/erasures/${body.id}`, key)).body).toMatchObject({ state: 'completed' }),
      );
    }
  });
});
