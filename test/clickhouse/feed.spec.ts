import { Logger } from '@nestjs/common';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { readJson, writeJson } from '../../src/platform/json/json-text.js';
import { TestClickHouse } from '../support/clickhouse.js';
import { TestFeed } from '../support/clickhouse-feed.js';
import { describeDatabase } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';
import { recordAt } from '../support/past.js';
import { TestRetention } from '../support/retention.js';

const DAY_MS = 86_400_000;

describeDatabase('ClickHouse, fed', {}, (database) => {
  let server: TestClickHouse;
  let pipeline: TestPipeline;
  let fed: TestFeed;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await TestClickHouse.start();
    pipeline = new TestPipeline(database.url);
    fed = new TestFeed(database.url, server.url);
  });

  afterAll(async () => {
    await fed.stop();
    await pipeline.stop();
    await server.stop();
  });

  /** Stores and counts them. @returns their ids, in order */
  async function record(raws: readonly Record<string, unknown>[]): Promise<string[]> {
    const before = pipeline.notified.length;
    await pipeline.writer.write(
      DEFAULT_TENANT_ID,
      raws.map((raw) => event(raw)),
    );
    const batches = pipeline.notified.slice(before);
    await pipeline.processing.process(batches);
    const rows = await database.query<{ id: string }>('select id from events where batch_id = any($1) order by id', [
      batches,
    ]);
    return rows.map(({ id }) => id);
  }

  const waiting = async () => {
    const [row] = await database.query<{ n: number }>(
      `select ((select count(*) from clickhouse_batches) + (select count(*) from clickhouse_changes)
         + (select count(*) from clickhouse_removals))::int as n`,
    );
    return row?.n;
  };

  it('nothing waits for it as long as no worker feeds it', async () => {
    const [id] = await record([{ event_id: 'early', user_id: 'u1' }]);
    await database.query(`update events set enrichment = '{"a":1}' where id = $1`, [id]);
    await database.query(`insert into failed_events (tenant_id, event_id, reason) values ($1, $2, 'x')`, [
      DEFAULT_TENANT_ID,
      id,
    ]);
    await database.query('delete from failed_events');
    expect(await waiting()).toBe(0);
  });

  it('is complete once it was filled, and a worker closes what nobody wants any more', async () => {
    await fed.worker.run(new AbortController().signal);
    const isComplete = async () =>
      (await database.query<{ is: boolean }>('select completed_at is not null as is from clickhouse_feeds'))[0]?.is;
    expect(await isComplete()).toBe(false);
    await expect(fed.compare()).rejects.toThrow('run backfill-clickhouse');
    const steps: number[] = [];
    const done = await fed.backfill.run({ restart: false, onStep: ({ percent }) => steps.push(percent) });
    expect([done, steps.at(-1)]).toEqual([{ events: 1, wasResumed: false }, 100]);
    expect(await isComplete()).toBe(true);
    await record([{ event_id: 'waits' }]);
    expect(await waiting()).toBe(1);
    expect(await fed.feeds.closeForgotten()).toBe(false);
    await database.query(`update clickhouse_feeds set seen_at = now() - interval '1 hour'`);
    expect(await fed.feeds.closeForgotten()).toBe(true);
    expect(await waiting()).toBe(0);
    await fed.feeds.open();
    await expect(fed.feed.step()).rejects.toThrow('Run backfill-clickhouse --restart, which empties them');
    await fed.backfill.run({ restart: true, onStep: () => undefined });
    expect(await fed.compare()).toEqual([]);
  });

  it('has every counted event once, with all that a question may ask of it', async () => {
    const payload = '{"plan":"pro","big":12345678901234567890,"data":{"a.b":[1,{"c":null}]}}';
    const [id] = await record([
      { event_id: 'rich', user_id: 'u2', payload: readJson(payload), event_time: '2026-03-01T00:00:00.123456Z' },
    ]);
    const bomb = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`key ${n}.\`'\\`, n]));
    const deep = readJson('{"a":'.repeat(60) + '1' + '}'.repeat(60));
    const [bombId] = await record([{ event_id: 'bomb' }]);
    await database.query('update events set payload = $2 where id = $1', [
      bombId,
      writeJson({ bomb, deep, long: 'x'.repeat(60_000), [`n${'k'.repeat(5_000)}`]: 1 }),
    ]);
    await fed.drain();
    const rows = await fed.rows();
    expect(rows.find((row) => row.id === id)).toMatchObject({
      event_id: 'rich',
      user_id: 'u2',
      payload: '{"big": 12345678901234567890, "data": {"a.b": [1, {"c": null}]}, "plan": "pro"}',
      properties: { '/plan': 'spro', '/data/a%2eb': 'a[1, {"c": null}]' },
      enrichment: '{}',
    });
    expect(rows.filter((row) => row.id === bombId)).toHaveLength(1);
    expect(await fed.compare()).toEqual([]);
  });

  it('follows every change: enriched, failed, retried, patched, discarded and removed events', async () => {
    const ids = await record(Array.from({ length: 8 }, (_, n) => ({ event_id: `change-${n}`, user_id: 'changing' })));
    await fed.drain();
    const [enriched, failed, retried, removed] = ids as [string, string, string, string];
    const keys = [DEFAULT_TENANT_ID];
    await pipeline.database.inTenant(DEFAULT_TENANT_ID, (sql) =>
      sql.query(
        `/* test */ update events set enrichment = '{"tier":"gold","context":{"ip":"1.2.3.4"}}' where id = $1`,
        [enriched],
      ),
    );
    await database.query(
      `insert into failed_events (tenant_id, event_id, reason) select $1, unnest($2::uuid[]), 'broken'`,
      [...keys, [failed, retried]],
    );
    await fed.drain();
    const shown = async () => (await fed.rows()).filter((row) => ids.includes(row.id)).map((row) => row.id);
    expect(await shown()).toEqual(ids.filter((id) => id !== failed && id !== retried));
    await database.query(`update events set payload = '{"patched":true}' where id = $1`, [retried]);
    await pipeline.retrier.retryOne(DEFAULT_TENANT_ID, retried);
    await database.query(`update failed_events set state = 'discarded' where event_id = $1`, [failed]);
    await database.query('delete from events where id = $1', [removed]);
    await fed.drain();
    expect(await shown()).toEqual(ids.filter((id) => id !== failed && id !== removed));
    const rows = await fed.rows();
    expect(rows.find((row) => row.id === enriched)?.added).toMatchObject({
      '/tier': 'sgold',
      '/context/ip': 's1.2.3.4',
    });
    expect(rows.find((row) => row.id === retried)?.payload).toBe('{"patched": true}');
    expect(await fed.compare()).toEqual([]);
  });

  it('a change while something is being sent has the last word, and a blanked value is in no file any more', async () => {
    const [id] = await record([{ event_id: 'secret', user_id: 'person-qz7', payload: { mail: 'mail-of-qz7' } }]);
    await fed.drain();
    expect(await fed.dump()).toContain('mail-of-qz7');
    const send = fed.tables.insert.bind(fed.tables);
    fed.tables.insert = async (rows) => {
      fed.tables.insert = send;
      // what was read before goes out after the change
      await database.query(`update events set payload = '{}', user_id = null where id = $1`, [id]);
      await send(rows);
    };
    await database.query(`update events set enrichment = '{"also":"qz7"}' where id = $1`, [id]);
    await fed.drain();
    await database.query('update events set enrichment = null where id = $1', [id]);
    await fed.drain();
    expect((await fed.rows()).find((row) => row.id === id)).toMatchObject({ payload: '{}', user_id: null });
    expect(await fed.dump()).not.toContain('qz7');
    expect(await fed.compare()).toEqual([]);
  });

  it('has what waits to be blanked done by one order, since each goes through all files', async () => {
    const ids = await record(
      Array.from({ length: 4 }, (_, n) => ({ user_id: `p${n}`, payload: { mail: `qz8-${n}` } })),
    );
    await fed.drain();
    const orders = jest.spyOn(fed.tables, 'purge');
    const under = jest.spyOn(fed.tables, 'isMutating').mockResolvedValue(true);
    for (const id of ids) {
      await database.query(`update events set payload = '{}', user_id = null where id = $1`, [id]);
      await fed.feed.step();
    }
    under.mockRestore();
    await fed.drain();
    expect(orders.mock.calls.map(([purges]) => purges.map((purge) => purge.ids))).toEqual([
      [[ids[0]]],
      ids.slice(1).map((id) => [id]),
    ]);
    orders.mockRestore();
    expect(await fed.dump()).not.toContain('qz8');
    expect((await fed.rows()).filter(({ id }) => ids.includes(id))).toHaveLength(4);
  });

  it('retention removes single events and whole months there, and nothing that is held', async () => {
    const retention = new TestRetention(database.url, { EVENT_RETENTION_DAYS: '90' });
    const old = new Date(Date.now() - 200 * DAY_MS);
    const older = new Date(Date.now() - 400 * DAY_MS);
    await recordAt({ database, pipeline }, old, [{ event_id: 'old-1' }, { event_id: 'held', user_id: 'held' }]);
    await recordAt({ database, pipeline }, older, [{ event_id: 'older-1' }, { event_id: 'older-2' }]);
    await fed.drain();
    const there = async () => (await fed.rows()).map((row) => row.event_id).filter((id) => /^(old|held)/.test(id));
    expect((await there()).sort()).toEqual(['held', 'old-1', 'older-1', 'older-2']);
    const recorder = { tenantId: DEFAULT_TENANT_ID, clientId: 'test', keyId: null };
    await retention.holds.order(recorder, { reason: 'a case', user_id: 'held' });
    await retention.run('events');
    await fed.drain();
    expect(await there()).toEqual(['held']);
    expect(await fed.compare()).toEqual([]);
    await retention.stop();
  });

  it('recount finds what is missing, too many or other, and repairs it', async () => {
    const ids = await record(Array.from({ length: 4 }, (_, n) => ({ event_type: 'audited', event_id: `audit-${n}` })));
    await fed.drain();
    const change = (text: string) =>
      fed.clickhouse.command(`ALTER TABLE tidemark.events ${text}`, { settings: { mutations_sync: '2' } });
    await change(`DELETE WHERE id = '${ids[0]}'`);
    await change(`UPDATE payload = '{"forged": 1}' WHERE id = '${ids[1]}'`);
    const stray = { tenant_id: DEFAULT_TENANT_ID, id: '0199b5a0-0000-7000-8000-00000000aaaa', event_type: 'stray' };
    await fed.tables.insert([{ ...stray, event_time: '2026-05-05 05:05:05', version: 1, is_deleted: 0 }]);
    const found = await fed.compare(true);
    const day = new Date().toISOString().slice(0, 10);
    expect(found.sort((a, b) => a.day.localeCompare(b.day))).toEqual([
      {
        tenant_id: DEFAULT_TENANT_ID,
        day: '2026-05-05',
        event_type: 'stray',
        postgresql: 0,
        clickhouse: 1,
        repaired: true,
      },
      { tenant_id: DEFAULT_TENANT_ID, day, event_type: 'audited', postgresql: 4, clickhouse: 3, repaired: true },
    ]);
    expect(await fed.compare()).toEqual([]);
  });

  it('lost tables are made again, and stay incomplete until they are filled', async () => {
    await fed.tables.drop();
    await record([{ event_id: 'after the loss' }]);
    await fed.drain().catch(() => undefined);
    await eventuallyIncomplete();
    const { events } = await fed.count();
    await fed.backfill.run({ restart: false, onStep: () => undefined });
    expect((await fed.count()).events).toBeGreaterThan(events);
    expect(await fed.compare()).toEqual([]);
  });

  async function eventuallyIncomplete(): Promise<void> {
    await fed.feed.step();
    expect(await database.query('select from clickhouse_feeds where completed_at is null')).toHaveLength(1);
  }
});
