import { ClickHouseEventStore } from '../../src/analytics/clickhouse-store/clickhouse-event-store.js';
import { PostgresqlEventStore } from '../../src/analytics/postgresql-store/postgresql-event-store.js';
import { describeAnalyticsOracle, oracleSets } from '../support/analytics-oracle-suite.js';
import type { TestApi } from '../support/api.js';
import { TestClickHouse } from '../support/clickhouse.js';
import { eventually } from '../support/eventually.js';
import { TestWorker } from '../support/worker.js';

const IS_SHORT = process.env['TEST_CLICKHOUSE_SHORT'] !== undefined;
const QUESTIONS = ['listTopValues', 'count', 'readOverview', 'listRetained', 'countFunnel'] as const;

let server: TestClickHouse;
let worker: TestWorker;
let asked: { copy: jest.SpyInstance[]; original: jest.SpyInstance[] };

/** While events come, are repeated, fail, and are changed, a worker sends them. */
describeAnalyticsOracle({
  name: 'ClickHouse',
  sets: oracleSets(IS_SHORT ? 6 : 208),
  async start(databaseUrl) {
    server = await TestClickHouse.start();
    const env = { CLICKHOUSE_URL: server.url, CLICKHOUSE_MAX_LAG_SECONDS: '3600' };
    worker = await TestWorker.start(databaseUrl, env);
    return env;
  },
  watch(api: TestApi) {
    const spiesOn = (store: object) =>
      QUESTIONS.map((name) => jest.spyOn(store as Record<typeof name, () => void>, name));
    asked = { copy: spiesOn(api.app.get(ClickHouseEventStore)), original: spiesOn(api.app.get(PostgresqlEventStore)) };
  },
  async catchUp(database) {
    const waiting = `
      select (select count(*)::int from clickhouse_batches where sent_at is null) as batches,
             (select count(*)::int from clickhouse_changes where sent_version is null) as changes,
             (select count(*)::int from ingest_batches where status = 'queued') as queued,
             (select completed_at is not null from clickhouse_feeds) as complete`;
    await eventually(async () => {
      expect(await database.query(waiting)).toEqual([{ batches: 0, changes: 0, queued: 0, complete: true }]);
    }, 180_000);
  },
  async stop() {
    const isByDays = (call: unknown[]) => Array.isArray(call[1]) && call[2] === undefined; // retention without a filter
    const calls = (spies: jest.SpyInstance[]) =>
      spies.map(({ mock }) => mock.calls.filter((call: unknown[]) => !isByDays(call)).length);
    await worker.stop();
    await server.stop();
    expect(calls(asked.original)).toEqual(QUESTIONS.map(() => 0));
    expect(calls(asked.copy).every((count) => count > 0)).toBe(true);
  },
});
