import { ClickHouseError } from '@clickhouse/client';
import { ClickHouseEventStore } from '../../src/analytics/clickhouse-store/clickhouse-event-store.js';
import { TestApi } from '../support/api.js';
import { TestClickHouse } from '../support/clickhouse.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TestWorker } from '../support/worker.js';

interface Counted {
  engine?: string;
  as_of?: string;
  total?: number;
  detail?: string;
}

const FILTER = { property: 'payload.plan', op: 'is', value: 'pro' };
const filters = encodeURIComponent(JSON.stringify(FILTER));
const steps = (filter: unknown) => [{ event_type: 'view', filters: filter }, { event_type: 'view' }];

/** Every question that reads many events, with a filter. */
const questions = (asked: string, filter: unknown): [path: string, body?: object][] => [
  [`/analytics?filters=${asked}`],
  [`/analytics/breakdown?property=payload.plan&filters=${asked}`],
  [`/analytics/retention?filters=${asked}`],
  ['/analytics/query', { measure: 'users', filters: filter }],
  ['/analytics/funnel', { steps: steps(filter), window_s: 60 }],
];

const ofOneUser = (asked: string): [path: string][] => [
  [`/analytics?user_id=u-1&filters=${asked}`],
  [`/analytics/users/u-1/journey?filters=${asked}`],
];

/** Which engine answers, as a caller sees it: API, worker and both engines are real. */
describeDatabase('two engines', {}, (database) => {
  const [api, worker] = [new TestApi(), new TestWorker()];
  let server: TestClickHouse;
  let key: string;
  let isFed = true;

  beforeAll(async () => {
    server = await TestClickHouse.start();
    const env = { CLICKHOUSE_URL: server.url, ANALYTICS_CACHE_TTL_SECONDS: '0', RATE_LIMIT_REQUESTS: '1000000' };
    await Promise.all([api.launch(database.url, env), worker.launch(database.url, env)]);
    key = await api.createKey(await api.createTenant('One'), ['read', 'write', 'admin']);
    const events = ['pro', 'free'].map((plan) => ({
      ...{ event_type: 'view', user_id: 'u-1', session_id: 's', payload: { plan, items: [{ sku: 1 }] } },
    }));
    expect((await api.post('/events/batch', { events }, key)).status).toBe(202);
  }, 90_000);

  afterAll(async () => {
    await Promise.allSettled([api.stop(), ...(isFed ? [worker.stop()] : [])]);
    await server.stop();
  }, 60_000);

  const ask = async ([path, body]: [path: string, body?: object]) =>
    body === undefined ? api.get<Counted>(path, key) : api.post<Counted>(path, body, key);
  const breakdown = async (property = 'payload.plan') =>
    (await ask([`/analytics/breakdown?property=${property}`])).body;
  const answeredBy = (engine: string, property?: string) =>
    eventually(async () => expect(await breakdown(property)).toMatchObject({ engine, total: 2 }), 30_000);

  it('ClickHouse answers what reads events, and says so and until when', async () => {
    await answeredBy('clickhouse');
    const before = Date.now();
    for (const question of questions(filters, FILTER)) {
      const { status, body } = await ask(question);
      expect({ question, status, engine: body.engine }).toEqual({ question, status: 200, engine: 'clickhouse' });
      expect(Date.parse(body.as_of ?? '')).toBeGreaterThan(before - 60_000);
    }
    for (const path of ['/analytics/events-by-type', '/analytics/timeseries', '/analytics/processing-metrics']) {
      expect((await ask([path])).body).not.toHaveProperty('engine');
    }
  });

  it('PostgreSQL always answers what it finds by an index or has counted by day', async () => {
    for (const [path] of [...ofOneUser(filters), ['/analytics/retention']]) {
      const { status, body } = await ask([path!]);
      expect({ path, status, engine: body.engine }).toEqual({ path, status: 200, engine: 'postgresql' });
      expect(body).not.toHaveProperty('as_of');
    }
  });

  it('PostgreSQL answers about what may be within an array or is nested deep', async () => {
    expect(await breakdown('items.0.sku')).toMatchObject({ engine: 'postgresql', total: 2 });
    expect(await breakdown('a.b.c.d.e.f')).toMatchObject({ engine: 'postgresql', total: 0 });
    expect(await breakdown('items')).toMatchObject({ engine: 'clickhouse', total: 2 });
  });

  it('PostgreSQL takes the sample that a question asks for', async () => {
    const sampled: [string, object?][] = [
      ['/analytics/breakdown?property=payload.plan&sampling=1/2'],
      [`/analytics?filters=${filters}&sampling=1/2`],
      [`/analytics/retention?filters=${filters}&sampling=1/2`],
      ['/analytics/query', { measure: 'users', sampling: '1/2' }],
      ['/analytics/funnel', { steps: steps(FILTER), window_s: 60, sampling: '1/2' }],
    ];
    const sample = { method: 'user', rate: 0.5, reason: 'asked' };
    for (const question of sampled) {
      const { body } = await ask(question);
      expect({ question, ...body }).toMatchObject({ question, engine: 'postgresql', sample });
    }
    expect((await ask(['/analytics/query', { measure: 'users', sampling: 'auto' }])).body).toMatchObject({
      ...{ engine: 'clickhouse', method: 'exact' },
    });
  });

  it('a question that is too large for ClickHouse is refused, and anything else that fails is answered', async () => {
    const copy = api.app.get(ClickHouseEventStore);
    const failing = (code: string) =>
      jest.spyOn(copy, 'listTopValues').mockRejectedValueOnce(new ClickHouseError({ message: 'no', code, type: 'NO' }));
    for (const code of ['159', '241']) {
      failing(code);
      const { status, headers, body } = await ask(['/analytics/breakdown?property=payload.plan']);
      expect([status, headers.get('Retry-After'), body.detail]).toEqual([
        503,
        '5',
        'The question took too long or too much memory in ClickHouse and was stopped. Ask for a shorter time range.',
      ]);
    }
    failing('60');
    expect(await breakdown()).toMatchObject({ engine: 'postgresql', total: 2 });
    await answeredBy('clickhouse');
  });

  it('while ClickHouse is away, PostgreSQL answers at once; ClickHouse does again when it is back', async () => {
    await server.kill();
    expect(await breakdown()).toMatchObject({ engine: 'postgresql', total: 2 });
    expect((await ask(['/analytics/query', { measure: 'events' }])).body).toMatchObject({ engine: 'postgresql' });
    await server.launch();
    await answeredBy('clickhouse');
  });

  it('while it lags more than CLICKHOUSE_MAX_LAG_SECONDS, PostgreSQL answers', async () => {
    await worker.stop();
    isFed = false;
    await database.query(
      `insert into clickhouse_batches (tenant_id, id, first_id, last_id, event_count, queued_at)
       select tenant_id, gen_random_uuid(), first_id, last_id, event_count, now() - interval '61 seconds'
       from ingest_batches limit 1`,
    );
    await answeredBy('postgresql');
    await database.query(
      `update clickhouse_batches set queued_at = now() - interval '30 seconds' where sent_at is null`,
    );
    await answeredBy('clickhouse');
    // what waits is of one tenant: each is told how old its own answer is
    const ageFor = async (who: string) => {
      const path = '/analytics/breakdown?property=payload.plan';
      const { body } = await api.get<Counted>(path, who);
      return Date.now() - Date.parse(body.as_of ?? '');
    };
    const other = await api.createKey(await api.createTenant('Two'), ['read']);
    expect(await ageFor(other)).toBeLessThan(10_000);
    expect(await ageFor(key)).toBeGreaterThan(29_000);
    expect(await ageFor(other)).toBeLessThan(10_000);
  });

  const nested = (depth: number): unknown => (depth === 0 ? FILTER : { and: [nested(depth - 1)] });

  it.each<[string, unknown]>([
    ['no filter', 'payload.plan = 1 or true'],
    ['a list', [FILTER]],
    ['an empty group', { and: [] }],
    ['groups too deep', nested(5)],
    ['a thousand groups', nested(300)],
    ['too many conditions', { or: Array.from({ length: 51 }, () => FILTER) }],
    ['too many values', { ...FILTER, op: 'in', value: Array.from({ length: 101 }, (_, n) => n) }],
    ['an unknown operator', { ...FILTER, op: '= 1 or 1 =' }],
    ['a name that no property has', { ...FILTER, property: 'a\0b' }],
    ['a name that is too long', { ...FILTER, property: 'p'.repeat(256) }],
    ['no name', { ...FILTER, property: { toString: 1 } }],
    ['a value of SQL', { ...FILTER, value: { raw: "'x' or 1=1" } }],
    ['a value with a NUL', { ...FILTER, value: 'a\0b' }],
    ['a text that is too long', { ...FILTER, value: 'x'.repeat(1_001) }],
    ['another member', { ...FILTER, collate: 'x' }],
    ['bounds in the wrong order', { ...FILTER, op: 'between', value: [2, 1] }],
    ['a value for is_set', { ...FILTER, op: 'is_set' }],
    ['a pattern that looks ahead', { ...FILTER, op: 'matches', value: '(?=a)' }],
    ['a pattern that refers back', { ...FILTER, op: 'matches', value: '(a+)+\\1' }],
    ['a pattern that repeats too much', { ...FILTER, op: 'matches', value: '((a{100}){100}){100}' }],
    ['a pattern with an option', { ...FILTER, op: 'matches', value: '(?s).*' }],
    ['too many patterns', { or: Array.from({ length: 21 }, () => ({ ...FILTER, op: 'matches', value: 'a' })) }],
    ['no time', { property: 'event_time', op: 'gt', value: "now() - interval '1 day'" }],
    ['a number for a field', { property: 'user_id', op: 'is', value: 1 }],
  ])('%s is no filter, wherever one may stand', async (_, filter) => {
    const asked = encodeURIComponent(JSON.stringify(filter));
    const places = [
      ...questions(asked, filter),
      ...ofOneUser(asked),
      [`/events?filters=${asked}`],
      ['/segments', { name: 'x', filters: filter }],
    ];
    for (const place of places as [string, object?][]) {
      const { status } = await ask(place);
      expect({ place: place[0].slice(0, 30), status }).toEqual({ place: place[0].slice(0, 30), status: 400 });
    }
  });
});
