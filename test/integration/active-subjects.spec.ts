import pg from 'pg';
import { OverviewService } from '../../src/analytics/overview/overview.service.js';
import { FunnelCounter } from '../../src/analytics/postgresql-store/funnel-counter.js';
import { FunnelsRepository } from '../../src/analytics/postgresql-store/funnels.repository.js';
import { Database } from '../../src/platform/database/database.js';
import type { Problem } from '../../src/platform/http/problem.js';
import { toIso } from '../../src/platform/time/time.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

const DAY_MS = 86_400_000;
const USERS = 9_000;
/** Of the most on one day; each busy user has ten events a day, everybody else one in all. */
const BUSY = 30;

/** More users on a day than are compared one by one: the dashboard estimates, samples and takes candidates, and says so. */
describeApi('analytics of many users', { env: { ANALYTICS_CACHE_TTL_SECONDS: '0' } }, (api, { database }) => {
  const to = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const from = to - 2 * DAY_MS;
  let pipeline: TestPipeline;
  let tenantId: string;

  beforeAll(async () => {
    pipeline = new TestPipeline(database.url);
    tenantId = await api.createTenant('many users');
    const events = Array.from({ length: USERS }, (_, n) =>
      make(`user-${n}`, n % 2, 'page_view', (n % 86_000) * 1_000, `session-${n % 6_000}`),
    );
    for (let n = 0; n < BUSY; n++) {
      for (let k = 0; k < 20 + n; k++)
        events.push(make(`busy-${n}`, k % 2, k % 5 === 4 ? 'signup' : 'page_view', k * 60_000));
    }
    for (let n = 0; n < events.length; n += 1_000) await pipeline.writer.write(tenantId, events.slice(n, n + 1_000));
    await pipeline.processing.process(pipeline.notified);
  }, 60_000);

  afterAll(() => pipeline.stop());

  function make(user_id: string, day: number, event_type: string, ms: number, session_id?: string) {
    const event_time = toIso(from + day * DAY_MS + ms);
    return event({ event_type, user_id, event_time, ...(session_id && { session_id }) }, tenantId);
  }

  const overview = (range: { from: number; to: number }) =>
    api.app.get(OverviewService).get(tenantId, { from: toIso(range.from), to: toIso(range.to), tz: 'UTC' });

  it('estimates how many users and sessions there were, within five standard errors', async () => {
    const { summary } = await overview({ from, to });
    expect(summary).toMatchObject({
      unique_users_method: 'sketch',
      unique_sessions_method: 'exact',
      unique_sessions: 6_000,
    });
    // Of about 6,000 keys below the bound, each day's 3,000 are known: 1 / √6,000 is 1.3 %.
    expect(Math.abs(summary.unique_users! / (USERS + BUSY) - 1)).toBeLessThan(0.056);
  });

  it('counts exactly where no day has more than it looks at', async () => {
    const range = { from: from + 3_600_000, to: from + 2 * 3_600_000 };
    const [truth] = await database.query<{ users: number }>(
      `select count(distinct user_id)::int as users from events where event_time >= $1 and event_time < $2`,
      [toIso(range.from), toIso(range.to)],
    );
    const { summary } = await overview(range);
    // The day has too many: the share of one hour is estimated, from those of 3,000 who were active in that hour.
    expect(summary.unique_users_method).toBe('sketch');
    expect(Math.abs(summary.unique_users! / (truth?.users ?? 0) - 1)).toBeLessThan(0.05);
    const before = await overview({ from: from - 3 * DAY_MS, to: from });
    expect(before.summary).toMatchObject({ unique_users: 0, unique_users_method: 'exact', top_users_method: 'exact' });
  });

  it('finds the busiest users among those who were busy on a day, with exact counts, for whole days and parts', async () => {
    const busiest = Array.from({ length: 10 }, (_, n) => ({ user_id: `busy-${29 - n}`, count: 49 - n }));
    const whole = await overview({ from, to });
    expect([whole.summary.top_users_method, whole.top_users]).toEqual(['candidates', busiest]);
    const part = await overview({ from: from + 10 * 60_000, to: to - DAY_MS + 15 * 60_000 });
    const truth = await database.query<{ user_id: string; count: number }>(
      `select user_id, count(*)::int as count from events where event_time >= $1 and event_time < $2
       group by 1 order by 2 desc, user_id collate "C" limit 10`,
      [toIso(from + 10 * 60_000), toIso(to - DAY_MS + 15 * 60_000)],
    );
    expect(part.top_users).toEqual(truth);
  });

  it('answers a funnel the same from packed records, from SQL, and from the thread of large ones', async () => {
    const steps = ['page_view', 'signup', 'page_view'].map((event_type) => ({ event_type }));
    const definition = { steps, window_s: 3_600 };
    const funnels = new FunnelsRepository();
    const count = () =>
      api.app.get(Database).inTenant(tenantId, (sql) => funnels.countSteps(sql, tenantId, { from, to }, definition));
    const packed = await count();
    expect(packed.map(({ users }) => users)).toEqual([USERS + BUSY, BUSY, BUSY]);
    funnels.maxTimelineEvents = 0;
    // Users who never came further than the first step are counted by a part of its own there.
    const depths = await count();
    expect(packed.map(({ k }) => sum(depths.filter((row) => row.k === k).map(({ users }) => users)))).toEqual(
      packed.map(({ users }) => users),
    );
    expect(depths.filter(({ k }) => k > 1)).toEqual(packed.slice(1));

    const counter = api.app.get(FunnelCounter);
    counter.maxEventsHere = 0;
    const many = Array.from({ length: 23 }, () => counter.countSteps(tenantId, { from, to }, definition));
    const outcomes = await Promise.allSettled(many);
    const [answered, refused] = ['fulfilled', 'rejected'].map((is) => outcomes.filter(({ status }) => status === is));
    expect(answered).toEqual(Array(22).fill({ status: 'fulfilled', value: packed }));
    expect(refused).toEqual([{ status: 'rejected', reason: expect.objectContaining({ status: 503 }) as Problem }]);
  });

  it('stops a query that takes too long, here and in the thread, and says so', async () => {
    const key = await api.createKey(tenantId, ['read']);
    const body = { steps: [{ event_type: 'page_view' }, { event_type: 'signup' }], window_s: 60 };
    const ask = () => api.post<{ detail: string }>('/analytics/funnel', body, key);
    const lock = new pg.Client({ connectionString: database.ownerUrl });
    await lock.connect();
    try {
      for (const maxEventsHere of [1_000_000, 0]) {
        api.app.get(FunnelCounter).maxEventsHere = maxEventsHere;
        await lock.query('begin; lock table events in access exclusive mode');
        const asking = ask();
        await eventually(async () => {
          const stopped = await database.query(
            `select pg_cancel_backend(pid) from pg_stat_activity
             where wait_event_type = 'Lock' and query like '%funnels.listTimelines%' and datname = current_database()`,
          );
          expect(stopped).toHaveLength(1);
        });
        const { status, headers, body } = await asking;
        expect([status, headers.get('Retry-After'), body.detail]).toEqual([
          503,
          '5',
          'The query took too long and was stopped. Ask for a shorter time range.',
        ]);
        await lock.query('rollback');
        expect((await ask()).status).toBe(200);
      }
      const limits = await api.app.get(Database).query.query<{ statement_timeout: string }>('show statement_timeout');
      expect(limits.rows).toEqual([{ statement_timeout: '10s' }]);
    } finally {
      await lock.end();
    }
  });
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
