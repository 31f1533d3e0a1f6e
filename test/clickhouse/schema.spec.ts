import { ClickHouse } from '../../src/platform/clickhouse/clickhouse.js';
import { createTables, dropTables, EVENTS } from '../../src/platform/clickhouse/schema-sql.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { TestClickHouse } from '../support/clickhouse.js';

const ENV = { NODE_ENV: 'test', DATABASE_URL: 'postgresql://nobody@localhost/none' };

describe('tables in ClickHouse', () => {
  let server: TestClickHouse;
  let clickhouse: ClickHouse;

  beforeAll(async () => {
    server = await TestClickHouse.start();
    clickhouse = new ClickHouse(loadConfig({ ...ENV, CLICKHOUSE_URL: server.url }));
  });

  afterAll(async () => {
    await clickhouse.onApplicationShutdown();
    await server.stop();
  });

  it('are made once, hold one row per event by its newest version, and are gone after a drop', async () => {
    const place = { database: clickhouse.database, cluster: undefined };
    for (let times = 0; times < 2; times++) for (const sql of createTables(place)) await clickhouse.command(sql);
    const row = {
      tenant_id: '0199b5a0-0000-7000-8000-000000000001',
      id: '0199b5a0-0000-7000-8000-000000000002',
      event_type: 'login',
      event_time: '2026-03-01 01:02:03.123456',
      received_at: '2026-03-01 01:02:03.654321',
      client_id: 'shop',
      event_id: "it's `\\ \u{1F600}\n",
      user_id: 'u',
      payload: '{"a": 1}',
      payload_properties: { '/a': 'n250011 1', '/%60%27': 's\\`' },
      version: 1,
      is_deleted: 0,
    };
    const insert = (changes: object, token: string) =>
      clickhouse.insert(EVENTS, [{ ...row, ...changes }], { settings: { insert_deduplication_token: token } });
    const read = async () =>
      clickhouse.query(
        `SELECT event_id, toString(event_time) AS at, user_id, payload_properties.\`/a\`.:String AS a,
           payload_properties.\`/%60%27\`.:String AS b, toUInt128(id) > 0 AS ordered
         FROM ${clickhouse.database}.${EVENTS} FINAL WHERE event_id = {id:String}`,
        { parameters: { id: row.event_id } },
      );
    await insert({}, 'first');
    await insert({}, 'first');
    const rows = `SELECT count() AS n FROM ${clickhouse.database}.${EVENTS}`;
    expect(await clickhouse.query(rows)).toEqual([{ n: 1 }]);
    const stored = {
      event_id: row.event_id,
      at: row.event_time,
      user_id: 'u',
      a: 'n250011 1',
      b: 's\\`',
      ordered: 1,
    };
    expect(await read()).toEqual([stored]);
    await insert({ version: 3, user_id: null }, 'third');
    await insert({ version: 2 }, 'second');
    expect(await read()).toEqual([{ ...stored, user_id: null }]);
    await insert({ version: 4, is_deleted: 1 }, 'fourth');
    expect(await read()).toEqual([]);
    for (const sql of dropTables(place)) await clickhouse.command(sql);
    await expect(read()).rejects.toMatchObject({ type: 'UNKNOWN_TABLE' });
  });

  it('of a cluster are statements that the engine reads', async () => {
    const place = { database: 'tidemark', cluster: 'main' };
    const statements = [...createTables(place), ...dropTables(place)];
    expect(statements).toHaveLength(7);
    for (const sql of statements) {
      expect(sql).toContain('ON CLUSTER main');
      await clickhouse.command(`EXPLAIN AST ${sql}`);
      await expect(clickhouse.command(`EXPLAIN AST ${sql.replace('ON CLUSTER', 'AT CLUSTER')}`)).rejects.toMatchObject({
        type: 'SYNTAX_ERROR',
      });
    }
  });

  it('a statement that takes too long fails in time and says so, and so does a wrong password', async () => {
    await expect(clickhouse.query('SELECT sleepEachRow(0.1) FROM numbers(20)', { timeoutMs: 300 })).rejects.toThrow(
      'ClickHouse gave no answer within 0.3 s',
    );
    const url = server.url.replace('secret', 'wrong');
    const stranger = new ClickHouse(loadConfig({ ...ENV, CLICKHOUSE_URL: url }));
    await expect(stranger.query('SELECT 1')).rejects.toMatchObject({ type: 'AUTHENTICATION_FAILED' });
    await stranger.onApplicationShutdown();
  });
});
