import { ClickHouseEventStore } from '../../src/analytics/clickhouse-store/clickhouse-event-store.js';
import { isInColumn } from '../../src/analytics/clickhouse-store/property-sql.js';
import { TenantStatements } from '../../src/analytics/clickhouse-store/tenant-statements.js';
import type { CountedGroup, EventCounts } from '../../src/analytics/event-store/event-store.js';
import { type Filter, propertiesOf } from '../../src/analytics/filters/filter.js';
import { filterFaults } from '../../src/analytics/filters/filter-faults.js';
import { toPostgresPattern } from '../../src/analytics/filters/pattern.js';
import { PostgresqlEventStore } from '../../src/analytics/postgresql-store/postgresql-event-store.js';
import { ClickHouse } from '../../src/platform/clickhouse/clickhouse.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { readJson, writeJson } from '../../src/platform/json/json-text.js';
import { DAY_MS, HOUR_MS, type TimeRange } from '../../src/platform/time/time.js';
import { TestClickHouse } from '../support/clickhouse.js';
import { copyToClickHouse } from '../support/clickhouse-copy.js';
import { FilterData } from '../support/filter-data.js';
import { fits, type OracleFilter, toRegExp, writeOracleJson } from '../support/filter-oracle.js';
import { describeApi } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

const SEED = Number(process.env['FILTER_SEED'] ?? 11);
const IS_SHORT = process.env['TEST_CLICKHOUSE_SHORT'] !== undefined;
const FILTERS = IS_SHORT ? 120 : 2_000;
const QUESTIONS = IS_SHORT ? 60 : 2_000;
const EVENTS = 400;
const EVER = { from: 0, to: Date.parse('2100-01-01') };
const PROPERTIES = [
  ...['plan', 'n', 'text', 'flag', 'data', 'data.ip', 'http.status\\.code', 'missing', 'event_type', 'user_id'],
  ...['enrichment.segment', 'enrichment.geo.city', 'event_time', 'client_id', 'enrichment.context.device'],
];

/** The same events and the same questions for both engines; the filters also against a naive evaluation. */
describeApi(`questions to ClickHouse (FILTER_SEED=${SEED})`, {}, (api, { database }) => {
  const data = new FilterData(SEED);
  const events = data.events(EVENTS);
  const [tenantId, otherId] = [uuid7(), uuid7()];
  let server: TestClickHouse;
  let clickhouse: ClickHouse;
  let statements: TenantStatements;
  let copy: EventCounts;
  let original: EventCounts;

  beforeAll(async () => {
    server = await TestClickHouse.start();
    const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: database.url, CLICKHOUSE_URL: server.url });
    clickhouse = new ClickHouse(config);
    statements = new TenantStatements(config, clickhouse);
    [copy, original] = [new ClickHouseEventStore(statements), api.app.get(PostgresqlEventStore)];
    const pipeline = new TestPipeline(database.url);
    for (const tenant of [tenantId, otherId]) {
      const parsed = events.map(({ client_id, enrichment: _later, payload, ...raw }) => {
        const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
        return event({ ...given, payload: readJson(writeOracleJson(payload)) }, tenant, client_id);
      });
      await pipeline.writer.write(tenant, parsed);
    }
    for (const { event_id, enrichment } of events) {
      await database.query('update events set enrichment = $2 where event_id = $1', [
        event_id,
        enrichment === null ? null : writeOracleJson(enrichment),
      ]);
    }
    await pipeline.processing.process(pipeline.notified);
    await pipeline.stop();
    await copyToClickHouse(database, clickhouse);
  }, 120_000);

  afterAll(async () => {
    await clickhouse.onApplicationShutdown();
    await server.stop();
  });

  const read = (filter: OracleFilter) => readJson(writeOracleJson(filter)) as Filter;
  const inColumns = (filter: Filter) => propertiesOf(filter).every(isInColumn);
  const isAskable = (filter: Filter) => filterFaults(filter, 'filters').length === 0;

  async function ask(filter: Filter): Promise<string[]> {
    const rows = await statements.ask<{ event_id: string }>(
      tenantId,
      (of) => `select e.event_id as event_id ${of.from(EVER, of.filter.condition(filter))}`,
    );
    return rows.map(({ event_id }) => event_id).sort();
  }

  /** Runs `work` on each item, four at a time. */
  async function onAll<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
    const next = async () => {
      for (let item = items.pop(); item !== undefined; item = items.pop()) await work(item);
    };
    await Promise.all(Array.from({ length: 4 }, next));
  }

  it(`find in ${EVENTS} events those that each of ${FILTERS} filters is true of`, async () => {
    const found = { asked: 0, some: 0, operators: new Set<string>() };
    await onAll(
      Array.from({ length: FILTERS }, () => data.filter()),
      async (filter) => {
        const given = read(filter);
        if (!inColumns(given)) return;
        const expected = events.filter((one) => fits(one, filter)).map(({ event_id }) => event_id);
        const asked = writeOracleJson(filter);
        expect({ asked, events: await ask(given) }).toEqual({ asked, events: expected.sort() });
        found.asked += 1;
        if (expected.length > 0 && expected.length < EVENTS) found.some += 1;
        for (const [, op] of asked.matchAll(/"op":"(\w+)"/g)) found.operators.add(op!);
      },
    );
    expect(found.operators.size).toBe(15);
    expect(found.asked).toBeGreaterThan(FILTERS / 2);
    expect(found.some).toBeGreaterThan(FILTERS / 5);
  });

  function randomRange(): TimeRange {
    const start = Date.parse('2026-10-01T00:00:00Z') + data.below(30) * HOUR_MS;
    return data.pick([EVER, { from: start, to: start + data.below(40) * HOUR_MS + 1 }]);
  }

  /** One of the questions there are, for one of the stores. */
  function randomQuestion(): { asked: unknown; ask: (store: EventCounts) => Promise<unknown> } {
    const [range, filter] = [randomRange(), data.pick([read(data.filter()), undefined])];
    const [limit, property] = [1 + data.below(20), data.pick(PROPERTIES)];
    const short = { from: Date.parse('2026-09-30T12:00:00Z'), to: Date.parse('2026-10-03T00:00:00Z') };
    const starts = Array.from({ length: 1 + data.below(6) }, (_, n) => short.from + n * data.pick([6 * HOUR_MS]));
    const bounds = [...starts, short.to];
    const all = filter ?? { and: [] };
    const steps = Array.from({ length: 1 + data.below(4) }, () => ({
      event_type: data.pick(['view', 'buy', "it's"]),
      ...data.pick([{}, {}, { filters: read(data.filter(0)) }, { where: { plan: 'pro' } }]),
    }));
    const window_s = data.pick([3_600, 2 * 3_600, 5 * 3_600, 86_400 * 30]);
    const funnel = { steps, window_s, ...data.pick([{}, { group_by: property }]) };
    const groups = { breakdown: data.pick([[], [property], [property, data.pick(PROPERTIES)]]), limit };
    const measure = data.pick(['events', 'users', 'sessions'] as const);
    const question = { measure, filter, starts: data.pick([null, starts]), ...groups };
    const types = data.pick([null, ['view'], ['nothing']]);
    const kinds: [unknown, (store: EventCounts) => Promise<unknown>][] = [
      [{ range, property, filter, limit }, (s) => s.listTopValues(tenantId, range, { property, filter, limit })],
      [
        { question },
        async (s) => byBucket(await s.count(tenantId, question.starts === null ? range : short, question)),
      ],
      [{ starts, all }, async (s) => byBucket(await s.readOverview(tenantId, short, { starts, filter: all, limit }))],
      [{ bounds, all }, async (s) => sorted((await s.listRetained(tenantId, bounds, all)).data)],
      [{ range, funnel }, async (s) => reached(await s.countFunnel(tenantId, range, funnel))],
      [{ range, property, types }, (s) => s.listUnseen(tenantId, range, [property, 'missing'], types)],
    ];
    const [asked, ask] = data.pick(kinds);
    return { asked, ask };
  }

  it(`are answered like those to PostgreSQL: ${QUESTIONS} of every kind, with random filters`, async () => {
    const count = { asked: 0 };
    await onAll(Array.from({ length: QUESTIONS }, randomQuestion), async ({ asked, ask: question }) => {
      const text = writeJson(asked);
      const names = [...text.matchAll(/"property":("(?:[^"\\]|\\.)*")/g)].map(
        ([, name]) => JSON.parse(name!) as string,
      );
      if (!names.every(isInColumn)) return;
      const expected = await question(original);
      expect({ text, answer: await question(copy) }).toEqual({ text, answer: expected });
      count.asked += 1;
    });
    expect(count.asked).toBeGreaterThan(QUESTIONS / 2);
  });

  it('match a pattern where JavaScript does, in time that grows with the text alone', async () => {
    const texts = ['', 'a', 'b', 'ab', 'aab', 'abab', 'b-1', 'é', 'a\nb', '..', 'AB', 'bbbbbb9', '😀'];
    const atoms = [
      'a',
      '.',
      '[ab]',
      '[^a]',
      '(a|b)',
      '(?:ab)',
      '\\d',
      '\\W',
      '(a|)',
      '\\.',
      '[a-c\\d]',
      '-',
      'é',
      '()',
      '_',
    ];
    const counts = ['', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '??'];
    const patterns = Array.from({ length: 200 }, () => {
      const parts = Array.from({ length: 1 + data.below(4) }, () => data.pick(atoms) + data.pick(counts));
      return `${data.pick(['', '(?i)'])}${data.pick(['', '^'])}${parts.join(data.pick(['', '|']))}${data.pick(['', '$'])}`;
    });
    for (const pattern of patterns) {
      const [row] = await clickhouse.query<{ found: number[] }>(
        'select arrayMap(text -> match(text, {pattern:String}), {texts:Array(String)}) as found',
        { parameters: { pattern: toPostgresPattern(pattern), texts } },
      );
      const expected = texts.map((text) => (toRegExp(pattern).test(text) ? 1 : 0));
      expect({ pattern, found: row!.found }).toEqual({ pattern, found: expected });
    }
    for (const pattern of ['(a+)+$', '(a|aa)+$', '(.*a){20}', '(x{0,200}a){4}b', '(?i)(a|b|ab)*c']) {
      const rows = await clickhouse.query(`select match(repeat('a', 60000), {pattern:String}) as found`, {
        parameters: { pattern: toPostgresPattern(pattern) },
        timeoutMs: 5_000,
      });
      expect(rows).toHaveLength(1);
    }
  });

  it('name their tenant in every statement, change nothing, and have limits', async () => {
    const asked: { text: string; options: Parameters<ClickHouse['query']>[1] }[] = [];
    const spy = jest.spyOn(clickhouse, 'query').mockImplementation((text, options) => {
      asked.push({ text, options });
      return Promise.resolve([]);
    });
    const filter: Filter = { property: "x'; drop table events", op: 'is', value: "'; drop table events" };
    const funnel = { steps: [{ event_type: "it's", filters: filter }], window_s: 1, group_by: "y'" };
    await copy.listTopValues(tenantId, EVER, { property: "p'`", filter, limit: 1 });
    await copy.count(tenantId, EVER, { measure: 'users', filter, breakdown: ["p'`"], starts: [0], limit: 1 });
    await copy.readOverview(tenantId, EVER, { starts: [0], filter, limit: 1 });
    await copy.listRetained(tenantId, [0, DAY_MS], filter);
    await copy.countFunnel(tenantId, EVER, funnel);
    await copy.listUnseen(tenantId, EVER, ["p'`"], ["it's"]);
    spy.mockRestore();
    expect(asked).toHaveLength(9);
    for (const { text, options } of asked) {
      const tables = text.match(/\bfrom\s+\w+\.\w+/g);
      expect(tables).toEqual(['from tidemark.events']);
      expect(text).toContain('from tidemark.events as e final where e.tenant_id = {tenant:UUID} and ');
      expect(options?.parameters).toMatchObject({ tenant: tenantId });
      expect(options?.settings).toMatchObject({ readonly: '2', max_execution_time: 10 });
      expect(Number(options?.settings?.max_memory_usage)).toBeGreaterThan(0);
      expect(text).not.toMatch(/drop table|it's|`/);
    }
  });

  it('take every text for a text, wherever it stands', async () => {
    for (const text of [
      "' or 1=1 --",
      "\\'; select 1",
      '{tenant:UUID}',
      '$1',
      '`',
      '\\',
      '\\N',
      "a\\tb\t'",
      '%00',
      '😀',
    ]) {
      expect(await ask({ property: 'user_id', op: 'is', value: text })).toEqual([]);
      const filter: Filter = { property: text, op: 'is', value: text };
      expect(await ask(filter)).toEqual([]);
      expect(await ask({ property: text, op: 'is_not', value: text })).toHaveLength(EVENTS);
      expect(await ask({ property: 'event_type', op: 'in', value: [text, "it's"] })).toHaveLength(
        events.filter(({ event_type }) => event_type === "it's").length,
      );
      const top = await copy.listTopValues(tenantId, EVER, { property: text, filter: undefined, limit: 5 });
      expect(top).toEqual({ total: 0, distinct_values: 0, data: [] });
    }
    const long = Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(1_000, '😀'));
    expect(await ask({ property: 'text', op: 'in', value: [...long, 'pro'] })).toEqual(
      await ask({ property: 'text', op: 'is', value: 'pro' }),
    );
    await expect(statements.ask(tenantId, () => 'drop table tidemark.events')).rejects.toThrow('readonly');
    expect(isAskable({ property: '\0', op: 'is', value: 1 })).toBe(false);
  });

  it('are about one tenant: the other has the same events and sees its own', async () => {
    const count = async (tenant: string) =>
      copy.listTopValues(tenant, EVER, { property: 'client_id', filter: undefined, limit: 9 });
    expect((await count(tenantId)).total).toBe(EVENTS);
    await clickhouse.command(`alter table tidemark.events delete where tenant_id = {tenant:UUID}`, {
      parameters: { tenant: otherId },
      settings: { mutations_sync: '1' },
    });
    expect([(await count(tenantId)).total, (await count(otherId)).total]).toEqual([EVENTS, 0]);
  });
});

/** Buckets come in any order. */
function byBucket<T extends { data?: CountedGroup[]; trend?: { n: number }[] }>(answer: T): T {
  for (const buckets of [answer.trend ?? [], ...(answer.data ?? []).map((group) => group.buckets)])
    buckets.sort((a, b) => a.n - b.n);
  return answer;
}

const sorted = <T>(rows: readonly T[]): string[] => rows.map((row) => writeJson(row)).sort();

/** By label and step, without those that nobody has reached. */
function reached({ steps, groups }: Awaited<ReturnType<EventCounts['countFunnel']>>) {
  const sum = (rows: typeof steps) => {
    const sums = new Map<string, { users: number; median: number | null }>();
    for (const { label, k, users, median_s: median } of rows) {
      if (users === 0) continue;
      const key = writeJson([label, k]);
      const rounded = median === null || k === 1 ? null : Math.round(median * 1e6);
      sums.set(key, { users: (sums.get(key)?.users ?? 0) + users, median: rounded });
    }
    return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  };
  return { steps: sum(steps), ...(groups === undefined ? {} : { groups: sum(groups) }) };
}
