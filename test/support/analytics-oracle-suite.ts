import { AnalyticsService } from '../../src/analytics/counts/analytics.service.js';
import type { Interval } from '../../src/analytics/time/local-time.js';
import { FunnelsService } from '../../src/analytics/funnels/funnels.service.js';
import { OverviewService } from '../../src/analytics/overview/overview.service.js';
import { QueriesService } from '../../src/analytics/queries/queries.service.js';
import { RecountService } from '../../src/analytics/rollups/recount.service.js';
import { UsersService } from '../../src/analytics/users/users.service.js';
import { ErasuresService } from '../../src/privacy/erasures.service.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { type DataSet, dataSet, randomFunnel, randomQuestion, shuffled } from './analytics-data.js';
import * as oracle from './analytics-oracle.js';
import { fits as fitsFilter, type Json, Num, writeOracleJson } from './filter-oracle.js';
import { TestApi } from './api.js';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { describeDatabase } from './fixture.js';
import { event, TestPipeline } from './ingest.js';
import { TestWorker } from './worker.js';

const firstSeed = Number(process.env['ORACLE_SEED'] ?? 1_000);

/** ORACLE_SEED=123 replays one data set; ORACLE_SETS=2000 tries more. */
export const oracleSets = (usual: number): number =>
  process.env['ORACLE_SEED'] === undefined ? Number(process.env['ORACLE_SETS'] ?? usual) : 1;

/** What is to answer. */
export interface OracleEngine {
  name: string;
  sets: number;
  /** @returns settings of the API */
  start(databaseUrl: string): Promise<Record<string, string>>;
  /** Called once, when it runs. */
  watch(api: TestApi): void;
  /** Waits until it knows all that was counted. */
  catchUp(database: TestDatabase): Promise<void>;
  stop(): Promise<void>;
}

interface Loaded {
  data: DataSet;
  tenantId: string;
  /** Without those in the dead-letter queue. */
  counted: oracle.OracleEvent[];
}

/** The tests of every question that analytics answer, asked of one engine. */
export function describeAnalyticsOracle(engine: OracleEngine): void {
  const last = firstSeed + engine.sets - 1;
  describeDatabase(
    `analytics of ${engine.name} against a naive computation, seeds ${firstSeed} to ${last}`,
    {},
    (database) => {
      const api = new TestApi();
      let env: Record<string, string>;
      beforeAll(async () => {
        env = await engine.start(database.url);
        await api.launch(database.url, { ANALYTICS_CACHE_TTL_SECONDS: '0', ...env });
      }, 90_000);
      describeQuestions(engine, api, database, () => TestWorker.start(database.url, env));
      afterAll(async () => {
        await api.stop();
        await engine.stop();
      }, 90_000);
    },
  );
}

function describeQuestions(
  engine: OracleEngine,
  api: TestApi,
  database: TestDatabase,
  startWorker: () => Promise<TestWorker>,
): void {
  let pipeline: TestPipeline;
  const loaded: Loaded[] = [];

  beforeAll(async () => {
    pipeline = new TestPipeline(database.url);
    const all = Array.from({ length: engine.sets }, (_, n) => dataSet(firstSeed + n));
    for (let n = 0; n < all.length; n += 8) loaded.push(...(await Promise.all(all.slice(n, n + 8).map(load))));
    await erase(loaded.filter((_, n) => n % 4 === 0));
    engine.watch(api);
    await engine.catchUp(database);
  }, 600_000);

  afterAll(() => pipeline.stop());

  /** In any order, some of it twice, cut into batches anywhere; some events fail. */
  async function load(data: DataSet): Promise<Loaded> {
    const tenantId = uuid7();
    const arriving = shuffled([...data.events, ...data.events.filter(() => data.random() < 0.1)], data.random);
    const failed = data.events.filter(() => data.random() < 0.05).map(({ event_id }) => event_id);
    const notified = pipeline.notified.length;
    for (let n = 0; n < arriving.length;) {
      const size = 1 + Math.floor(data.random() * 30);
      const batch = arriving
        .slice(n, n + size)
        .map(({ client_id, time, enrichment: _later, ...raw }) =>
          event({ ...withoutNulls(raw), payload: raw.payload, event_time: oracle.iso(time) }, tenantId, client_id),
        );
      await pipeline.writer.write(tenantId, batch);
      n += size;
    }
    await database.query(
      `insert into failed_events (tenant_id, event_id, reason)
       select tenant_id, id, 'test' from events where tenant_id = $1 and event_id = any($2)`,
      [tenantId, failed],
    );
    const mine = await database.query<{ id: string }>(
      `select id from ingest_batches where tenant_id = $1 and id = any($2) order by random()`,
      [tenantId, pipeline.notified.slice(notified)],
    );
    const ids = mine.map(({ id }) => id);
    for (let n = 0; n < ids.length; n += 2) await pipeline.processing.process(ids.slice(n, n + 2));
    await change(tenantId, data);
    return { data, tenantId, counted: data.events.filter(({ event_id }) => !failed.includes(event_id)) };
  }

  /** Some events are corrected, and something is added to others. */
  async function change(tenantId: string, data: DataSet): Promise<void> {
    const some = () => data.events.filter(() => data.random() < 0.1);
    const [corrected, enriched] = [some(), some()];
    for (const one of corrected) one.payload = { ...one.payload, country: 'FR' };
    for (const one of enriched) one.enrichment = { segment: 'vip' };
    const idsOf = (events: oracle.OracleEvent[]) => [tenantId, events.map(({ event_id }) => event_id)];
    await database.query(
      `update events set payload = payload || '{"country":"FR"}' where tenant_id = $1 and event_id = any($2)`,
      idsOf(corrected),
    );
    await database.query(
      `update events set enrichment = '{"segment":"vip"}' where tenant_id = $1 and event_id = any($2)`,
      idsOf(enriched),
    );
  }

  /** The first user of each, with sessions that are nobody else's. The events stay counted, as nobody's. */
  async function erase(some: readonly Loaded[]): Promise<void> {
    const erasures = api.app.get(ErasuresService);
    for (const { data, tenantId } of some) {
      const subject = 'user-0';
      const caller = { tenantId, clientId: 'shop', keyId: null };
      await erasures.request(caller, { user_id: subject, mentions: 'keep', confirm: true, dry_run: false });
      const sessionsOf = (events: oracle.OracleEvent[]) => events.map(({ session_id }) => session_id);
      const others = sessionsOf(data.events.filter(({ user_id }) => user_id !== null && user_id !== subject));
      const sessions = sessionsOf(data.events.filter(({ user_id }) => user_id === subject));
      const isOwn = (one: string | null) => one !== null && sessions.includes(one) && !others.includes(one);
      for (const one of data.events.filter(({ user_id, session_id }) => user_id === subject || isOwn(session_id))) {
        Object.assign(one, { user_id: null, session_id: null, payload: {}, enrichment: undefined });
      }
    }
    const worker = await startWorker();
    const unfinished = `select from privacy_erasures where state <> 'completed'`;
    await eventually(async () => expect(await database.query(unfinished)).toEqual([]), 300_000);
    await worker.stop();
  }

  /** Runs `compare` on every data set; a failure names its seed. */
  async function onAll(compare: (set: Loaded, range: oracle.Range, events: oracle.OracleEvent[]) => Promise<void>) {
    const waiting = [...loaded];
    const next = async (): Promise<void> => {
      const set = waiting.shift();
      if (set === undefined) return;
      for (const range of set.data.ranges) {
        await compare(set, range, oracle.within(set.counted, range)).catch((error: Error) => {
          error.message = `ORACLE_SEED=${set.data.seed} ${JSON.stringify(rangeQuery(range))}\n${error.message}`;
          throw error;
        });
      }
      return next();
    };
    await Promise.all(Array.from({ length: 4 }, next));
  }

  it(
    'counts by type and by client',
    () =>
      onAll(async ({ tenantId }, range, events) => {
        const service = api.app.get(AnalyticsService);
        const { total, data } = await service.countByType(tenantId, rangeQuery(range));
        expect({ total, data }).toEqual({ total: events.length, data: oracle.byType(events) });
        const clients = await service.countByClientAndType(tenantId, { ...rangeQuery(range), client_id: 'app' });
        expect(clients.data).toEqual(
          oracle
            .byType(events.filter(({ client_id }) => client_id === 'app'))
            .map((row) => ({ client_id: 'app', ...row })),
        );
      }),
    120_000,
  );

  const seriesEqual = async ({ data, tenantId }: Loaded, range: oracle.Range, events: oracle.OracleEvent[]) => {
    const length = range.to - range.from;
    const intervals: Interval[] = ['hour', 'day', 'week', 'month', ...(length < 86_400_000 ? ['minute' as const] : [])];
    const interval = intervals[Math.floor(data.random() * intervals.length)]!;
    const { starts } = oracle.buckets(range, interval, data.zone);
    const service = api.app.get(AnalyticsService);
    const query = { ...rangeQuery(range), tz: data.zone, interval };
    const { data: points } = await service.getTimeseries(tenantId, query);
    const counts = oracle.tally(events, ({ time }) => String(oracle.bucketOf(starts, time)));
    expect(points).toEqual(
      starts.map((start, n) => ({ bucket: oracle.iso(start), count: counts.get(String(n)) ?? 0 })),
    );
    const grouped = await service.getTimeseries(tenantId, { ...query, group_by: 'event_type' });
    const types = [...new Set(events.map(({ event_type }) => event_type))].sort();
    const perType = oracle.tally(events, ({ time, event_type }) => `${oracle.bucketOf(starts, time)} ${event_type}`);
    expect(grouped.data).toEqual(
      starts.flatMap((start, n) =>
        types.map((event_type) => ({
          bucket: oracle.iso(start),
          count: perType.get(`${n} ${event_type}`) ?? 0,
          event_type,
        })),
      ),
    );
  };

  it('puts every event into the bucket of its local time', () => onAll(seriesEqual), 60_000);

  it(
    'shows users, sessions, the busiest and conversion on the dashboard',
    () =>
      onAll(async ({ tenantId }, range, events) => {
        const overview = await api.app.get(OverviewService).get(tenantId, { ...rangeQuery(range), tz: 'UTC' });
        const users = oracle.distinct(events.map(({ user_id }) => user_id));
        expect(overview.summary).toEqual({
          total_events: events.length,
          unique_users: users,
          unique_sessions: oracle.distinct(events.map(({ session_id }) => session_id)),
          events_per_user: oracle.eventsPerUser(events),
          unique_users_method: 'exact',
          unique_sessions_method: 'exact',
          top_users_method: 'exact',
        });
        expect(overview.by_type).toEqual(oracle.byType(events));
        expect(overview.top_users).toEqual(oracle.topUsers(events, 10));
        expect(overview.trend.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
        const { steps, window_s } = overview.conversion!; // null only with a filter
        if (steps.length > 0) expect(steps).toEqual(oracle.funnel(oracle.chains(events, steps, window_s), steps));
      }),
    120_000,
  );

  it(
    'narrows the whole dashboard to a client, a type, or both',
    () =>
      onAll(async ({ data, tenantId }, range, all) => {
        const [filter, matches] = randomFilter(data.random, all);
        const overview = await api.app
          .get(OverviewService)
          .get(tenantId, { ...rangeQuery(range), tz: 'UTC', ...filter });
        const events = all.filter(matches);
        const users = oracle.distinct(events.map(({ user_id }) => user_id));
        expect(overview.summary).toMatchObject({
          total_events: events.length,
          unique_users: users,
          unique_sessions: oracle.distinct(events.map(({ session_id }) => session_id)),
          events_per_user: oracle.eventsPerUser(events),
          unique_users_method: 'exact',
        });
        expect(overview.by_type).toEqual(oracle.byType(events));
        expect(overview.top_users).toEqual(oracle.topUsers(events, 10));
        expect(overview.trend.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
        expect(overview.conversion).toBeNull();
      }),
    120_000,
  );

  it(
    'counts distinct users and sessions of each bucket',
    () =>
      onAll(async ({ data, tenantId }, range, events) => {
        const interval = range.to - range.from < 4 * 86_400_000 ? 'hour' : 'week';
        const { starts } = oracle.buckets(range, interval, data.zone);
        if (starts.length > 100) return;
        const service = api.app.get(AnalyticsService);
        for (const [measure, column] of [
          ['users', 'user_id'],
          ['sessions', 'session_id'],
        ] as const) {
          const { data: points } = await service.getTimeseries(tenantId, {
            ...{ ...rangeQuery(range), tz: data.zone, interval, measure },
          });
          const perBucket = starts.map((_, n) => events.filter(({ time }) => oracle.bucketOf(starts, time) === n));
          expect(points).toEqual(
            perBucket.map((bucket, n) => ({
              bucket: oracle.iso(starts[n]!),
              count: oracle.distinct(bucket.map((one) => one[column])),
            })),
          );
        }
      }),
    120_000,
  );

  it(
    'follows each user through the deepest chain of a funnel',
    () =>
      onAll(async ({ data, tenantId }, range, events) => {
        const definition = randomFunnel(data.random);
        const answer = await api.app.get(FunnelsService).query(tenantId, { ...definition, ...rangeQuery(range) });
        const found = oracle.chains(events, definition.steps, definition.window_s);
        expect(answer.steps).toEqual(oracle.funnel(found, definition.steps));
        if (definition.group_by === undefined) return;
        const groups = new Map((answer.groups ?? []).map(({ value, steps }) => [value, steps]));
        expect([...groups.values()].reduce((sum, [first]) => sum + first!.users, 0)).toBe(found.length);
        if (definition.group_by !== 'client_id' || hasTies(events)) return;
        for (const client of new Set(found.map(({ first }) => first.client_id))) {
          const theirs = found.filter(({ first }) => first.client_id === client);
          expect(groups.get(client)).toEqual(oracle.funnel(theirs, definition.steps));
        }
      }),
    120_000,
  );

  it(
    'tells what one user did, session by session, in pages of any size',
    () =>
      onAll(async ({ data, tenantId }, range, events) => {
        const mine = events.filter(({ user_id }) => user_id === 'user-0').sort((a, b) => a.time - b.time);
        const service = api.app.get(UsersService);
        const user = await service.getUser(tenantId, 'user-0', { ...rangeQuery(range), tz: 'UTC' });
        expect(user).toMatchObject({
          total_events: mine.length,
          first_seen: mine.length === 0 ? null : oracle.iso(mine[0]!.time),
          last_seen: mine.length === 0 ? null : oracle.iso(mine.at(-1)!.time),
          by_type: oracle.byType(mine),
        });
        const expected = oracle.sessions(mine).map(({ session_id, events: theirs }) => ({
          session_id,
          started_at: oracle.iso(theirs[0]!.time),
          ended_at: oracle.iso(theirs.at(-1)!.time),
          events: theirs.length,
        }));
        const sessions = user.sessions.map(({ duration_s, ...session }) => {
          expect(Math.round(duration_s * 1000)).toBe(Date.parse(session.ended_at) - Date.parse(session.started_at));
          return session;
        });
        expect(sortById(sessions)).toEqual(sortById(expected));
        const limit = 1 + Math.floor(data.random() * 20);
        const times: string[] = [];
        let seen = 0;
        for (let cursor: string | null | undefined; cursor !== null;) {
          const page = await service.getJourney(tenantId, 'user-0', {
            ...rangeQuery(range),
            limit,
            ...(cursor === undefined ? {} : { cursor }),
          });
          for (const session of page.sessions) {
            seen += session.events.length;
            times.push(...session.events.map(({ event_time }) => event_time));
            expect(expected).toContainEqual({
              session_id: session.session_id,
              started_at: session.started_at,
              ended_at: session.ended_at,
              events: session.event_count,
            });
            const inOrder = session.events.map(({ event_time }) => event_time);
            expect(inOrder).toEqual([...inOrder].sort());
          }
          cursor = page.next_cursor;
        }
        expect(seen).toBe(mine.length);
        expect(times.sort()).toEqual(mine.map(({ time }) => oracle.iso(time)));
      }),
    120_000,
  );

  it(
    'follows cohorts by the local day or week of their first event',
    () =>
      onAll(async ({ data, tenantId, counted }, range) => {
        const interval = range.to - range.from > 60 * 86_400_000 || data.random() < 0.5 ? 'week' : 'day';
        const { starts, end } = oracle.buckets(range, interval, data.zone);
        const answer = await api.app
          .get(UsersService)
          .getRetention(tenantId, { ...rangeQuery(range), tz: data.zone, interval });
        const expected = oracle.cohorts(counted, starts, end);
        expect({ from: answer.from, to: answer.to, data: answer.data }).toEqual({
          from: oracle.iso(starts[0]!),
          to: oracle.iso(end),
          data: expected,
        });
      }),
    120_000,
  );

  it(
    'takes a filter everywhere for all the events there are',
    () =>
      onAll(async ({ data, tenantId, counted }, range, all) => {
        const [question, filters, fits] = filtered(data.random);
        const events = all.filter(fits);
        const query = { ...rangeQuery(range), filters };
        const overview = await api.app.get(OverviewService).get(tenantId, query);
        expect({ ...overview.summary, asked: question }).toMatchObject({
          total_events: events.length,
          unique_users: oracle.distinct(events.map(({ user_id }) => user_id)),
          unique_sessions: oracle.distinct(events.map(({ session_id }) => session_id)),
          events_per_user: oracle.eventsPerUser(events),
        });
        expect(overview.by_type).toEqual(oracle.byType(events));
        expect(overview.top_users).toEqual(oracle.topUsers(events, 10));
        expect(overview.trend.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
        const breakdown = await api.app
          .get(AnalyticsService)
          .getBreakdown(tenantId, { ...query, property: 'vip', limit: 10 });
        const withVip = events.filter(({ payload }) => 'vip' in payload);
        const counts = oracle.tally(withVip, ({ payload }) => String(payload['vip']));
        expect(new Map(breakdown.data.map(({ value, count }) => [String(value), count]))).toEqual(counts);
        const mine = events.filter(({ user_id }) => user_id === 'user-0');
        const user = await api.app.get(UsersService).getUser(tenantId, 'user-0', query);
        expect(user.by_type).toEqual(oracle.byType(mine));
        expect(user.sessions.map(({ session_id, events: n }) => `${session_id} ${n}`).sort()).toEqual(
          oracle
            .sessions(mine)
            .map(({ session_id, events: theirs }) => `${session_id} ${theirs.length}`)
            .sort(),
        );
        const { starts, end } = oracle.buckets(range, 'week', data.zone);
        const weekly = { ...query, tz: data.zone, interval: 'week' as const };
        const retention = await api.app.get(UsersService).getRetention(tenantId, weekly);
        expect(retention.data).toEqual(oracle.cohorts(counted.filter(fits), starts, end));
      }),
    120_000,
  );

  it(
    'counts events, users and sessions by any properties, over time and beside the time before',
    () =>
      onAll(async ({ data, tenantId, counted }, range) => {
        const pick = <T>(items: readonly T[]): T => items[Math.floor(data.random() * items.length)]!;
        const [asked, filters, fits] = filtered(data.random);
        const measure = pick(['events', 'users', 'sessions'] as const);
        const breakdown = pick([[], ['country'], ['vip', 'payload.price'], ['event_type', 'client_id'], ['missing']]);
        const interval = pick([undefined, 'day' as const, 'week' as const]);
        const query = { ...rangeQuery(range), measure, filters, breakdown, tz: data.zone, limit: 5 };
        const answer = await api.app.get(QueriesService).query(tenantId, {
          ...query,
          ...(interval === undefined ? {} : { interval }),
          compare: 'previous_period',
        });
        const expected = oracle.query(oracle.within(counted, range).filter(fits), measure, breakdown);
        const groups = breakdown.length === 0 ? [''] : expected.map(({ key }) => key).slice(0, 5);
        const before = { from: 2 * range.from - range.to, to: range.from };
        for (const [part, rows] of [
          [range, answer.data],
          [before, answer.previous!.data],
        ] as const) {
          const known = oracle.within(counted, part).filter(fits);
          const starts = interval === undefined ? [part.from] : oracle.buckets(part, interval, data.zone).starts;
          const wanted = groups.flatMap((key) =>
            starts.map((start, n) => {
              const inside =
                interval === undefined ? known : known.filter(({ time }) => oracle.bucketOf(starts, time) === n);
              const value = oracle.query(inside, measure, breakdown).find((group) => group.key === key)?.value ?? 0;
              return `${key} ${interval === undefined ? '' : oracle.iso(start)} ${value}`;
            }),
          );
          const given = rows.map(
            (row) => `${breakdown.map((name) => JSON.stringify(row[name])).join()} ${row.bucket ?? ''} ${row.value}`,
          );
          expect({ asked, measure, breakdown, rows: given }).toEqual({ asked, measure, breakdown, rows: wanted });
        }
        expect(answer.distinct_groups).toBe(expected.length);
      }),
    120_000,
  );

  it(
    'follows users through steps that have filters',
    () =>
      onAll(async ({ data, tenantId }, range, events) => {
        const { steps, window_s } = randomFunnel(data.random);
        const asked = steps.map((step) => ({ step, filtered: filtered(data.random) }));
        const answer = await api.app.get(FunnelsService).query(tenantId, {
          ...rangeQuery(range),
          ...{ window_s, steps: asked.map(({ step, filtered: [, filters] }) => ({ ...step, filters })) },
        });
        const known = asked.map(({ step, filtered: [, , fits] }) => ({ ...step, fits }));
        expect(answer.steps).toEqual(oracle.funnel(oracle.chains(events, known, window_s), known));
      }),
    120_000,
  );

  it(
    'breaks payload properties down',
    () =>
      onAll(async ({ tenantId }, range, events) => {
        const service = api.app.get(AnalyticsService);
        for (const property of ['country', 'price', 'missing']) {
          const having = events.filter((e) => property in e.payload && e.event_type === 'page_view');
          const answer = await service.getBreakdown(tenantId, {
            ...rangeQuery(range),
            property,
            event_type: 'page_view',
            limit: 10,
          });
          const counts = oracle.tally(having, (e) => JSON.stringify(e.payload[property]));
          expect(answer.total).toBe(having.length);
          expect(new Map(answer.data.map(({ value, count }) => [JSON.stringify(value), count]))).toEqual(counts);
        }
      }),
    120_000,
  );

  it('counts to the second what happens a day after it is recorded', async () => {
    const time = Date.now() + 86_400_000 - 1_000;
    const [one] = dataSet(firstSeed).events;
    const data = { ...dataSet(firstSeed), random: () => 0.5, events: [{ ...one!, time }] };
    const { tenantId } = await load(data);
    const range = rangeQuery({ from: time - 5_000, to: time + 5_000 });
    const { data: counts } = await api.app.get(AnalyticsService).countByType(tenantId, range);
    expect(counts).toEqual([{ event_type: one!.event_type, count: 1 }]);
  });

  it('knows what was processed, and how long it took within 1 %', async () => {
    const service = api.app.get(AnalyticsService);
    for (const { tenantId, counted, data } of loaded) {
      const rows = await database.query<{ ms: number }>(
        `select greatest(extract(epoch from b.processed_at - e.received_at)::float8 * 1000, 0.01) as ms
         from events e join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id
         where e.tenant_id = $1 order by 1`,
        [tenantId],
      );
      const answer = await service.getProcessingMetrics(tenantId, { tz: data.zone, days: 1 });
      expect([answer.processed, answer.failed, answer.pending]).toEqual([
        counted.length,
        data.events.length - counted.length,
        0,
      ]);
      expect(answer.series.reduce((sum, { processed }) => sum + processed, 0)).toBe(counted.length);
      for (const [name, q] of [
        ['p50', 0.5],
        ['p95', 0.95],
        ['p99', 0.99],
      ] as const) {
        const truth = rows[Math.floor(q * (rows.length - 1))]!.ms;
        expect(Math.abs(answer.latency_ms[name]! - truth)).toBeLessThanOrEqual(truth * 0.01 + 0.001);
      }
    }
  }, 120_000);

  it('answers the same whatever the order of arrival', async () => {
    for (const { data, tenantId } of loaded.slice(0, 20)) {
      const again = await load({ ...data, events: shuffled(data.events, data.random) });
      await engine.catchUp(database);
      const failedToo = await database.query('select from failed_events where tenant_id = any($1)', [
        [tenantId, again.tenantId],
      ]);
      if (failedToo.length > 0) continue; // other events failed
      const range = rangeQuery(data.ranges.at(-1)!);
      const ask = async (tenant: string) => [
        await api.app.get(OverviewService).get(tenant, { ...range, tz: data.zone }),
        await api.app
          .get(FunnelsService)
          .query(tenant, { ...range, steps: [{ event_type: 'page_view' }, { event_type: 'search' }], window_s: 9_999 }),
      ];
      expect(await ask(again.tenantId)).toEqual(await ask(tenantId));
    }
  }, 120_000);

  it('finds no difference between rollups and events', async () => {
    const range = { from: Date.parse('2025-06-01T00:00:00Z'), to: Date.now() + 86_400_000 };
    expect(await api.app.get(RecountService).recount(range, { repair: false })).toEqual([]);
  }, 120_000);

  it.each([
    ['event_totals_hour', undefined],
    ['event_rollups_hour', 'client_id' as const],
  ])('goes red when one bucket of %s is shifted by an hour, and green when it is repaired', async (table, group) => {
    const set = loaded.find(({ data, counted }) => data.ranges.length > 0 && counted.length > 20)!;
    const all = set.data.ranges.at(-1)!;
    const [shifted] = await database.query<{ bucket: Date }>(
      `update ${table} set bucket = bucket + interval '1 hour'
       where ctid = (select r.ctid from ${table} r where tenant_id = $1 and count > 0 and not exists (
         select from ${table} o where o.tenant_id = r.tenant_id and o.bucket = r.bucket + interval '1 hour') limit 1)
       returning bucket`,
      [set.tenantId],
    );
    const at = shifted!.bucket.getTime();
    const ask = async () => {
      const query = { from: oracle.iso(at - 3_600_000), to: oracle.iso(at), tz: 'UTC', interval: 'hour' as const };
      const { data } = await api.app.get(AnalyticsService).getTimeseries(set.tenantId, { ...query, group_by: group });
      return data.reduce((sum, { count }) => sum + count, 0);
    };
    const truth = oracle.within(set.counted, { from: at - 3_600_000, to: at }).length;
    expect(await ask()).toBeLessThan(truth);
    const recount = api.app.get(RecountService);
    const found = await recount.recount(all, { repair: true, tenantId: set.tenantId });
    expect(new Set(found.map((one) => `${one.table} ${one.repaired}`))).toEqual(new Set([`${table} true`]));
    expect(await ask()).toBe(truth);
  });
}

const rangeQuery = ({ from, to }: oracle.Range) => ({ from: oracle.iso(from), to: oracle.iso(to), tz: 'UTC' });
const withoutNulls = (raw: object) => Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
const sortById = <T extends { session_id: string | null; started_at: string }>(rows: T[]) =>
  [...rows].sort((a, b) => (`${a.session_id} ${a.started_at}` < `${b.session_id} ${b.started_at}` ? -1 : 1));
const hasTies = (events: oracle.OracleEvent[]) =>
  new Set(events.map(({ user_id, time }) => `${user_id} ${time}`)).size < events.length;

/** A question as a test prints it, as a request has it, and as a condition. */
function filtered(random: () => number) {
  const question = randomQuestion(random);
  const text = writeOracleJson(question);
  const fits = ({ time, payload, ...event }: oracle.OracleEvent) => {
    const exact = Object.entries(payload).map(([name, value]) => [
      name,
      typeof value === 'number' ? new Num(String(value)) : value,
    ]);
    const properties = Object.fromEntries(exact) as Record<string, Json>;
    return fitsFilter(
      { ...event, event_time: oracle.iso(time), payload: properties, enrichment: event.enrichment ?? null },
      question,
    );
  };
  return [text, JSON.parse(text) as object, fits] as const;
}

/** A filter as a query has it, and the same as a condition. */
function randomFilter(random: () => number, events: readonly oracle.OracleEvent[]) {
  const one = events[Math.floor(random() * events.length)];
  const kind = Math.floor(random() * 3);
  const filter = {
    ...(kind === 1 ? {} : { client_id: one?.client_id ?? 'nobody' }),
    ...(kind === 0 ? {} : { event_type: one?.event_type ?? 'nothing' }),
  };
  const matches = (event: oracle.OracleEvent) =>
    (filter.client_id === undefined || event.client_id === filter.client_id) &&
    (filter.event_type === undefined || event.event_type === filter.event_type);
  return [filter, matches] as const;
}
