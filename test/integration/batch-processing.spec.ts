import { uuid7 } from '../../src/platform/uuid7.js';
import { BatchSweeper } from '../../src/events/batch-sweeper.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { event, TestPipeline } from '../support/ingest.js';
import { rollupDifference } from '../support/recount.js';

describe('BatchProcessingService', () => {
  let database: TestDatabase;
  let pipeline: TestPipeline;

  beforeAll(async () => {
    database = await createTestDatabase();
    pipeline = new TestPipeline(database.url);
  });

  afterAll(async () => {
    await pipeline.stop();
    await database.drop();
  });

  /** Commits events and returns the ids of their batches. */
  async function ingest(events: ReturnType<typeof event>[]): Promise<string[]> {
    const before = pipeline.rung.length;
    await pipeline.writer.write(events[0]!.tenantId, events);
    return pipeline.rung.slice(before);
  }

  const mixed = (count: number, tenantId?: string) =>
    Array.from({ length: count }, (_, n) =>
      event(
        {
          event_type: ['login', 'page_view', 'purchase'][n % 3],
          ...(n % 5 === 0 ? { event_time: new Date(Date.UTC(2026, 9, 1, n % 24, n % 60)).toISOString() } : {}),
        },
        tenantId,
        n % 2 === 0 ? 'shop' : 'app',
      ),
    );

  it('counts every event once, into its own minute, hour and day', async () => {
    const ids = await ingest(mixed(200));
    expect(await pipeline.processing.process(ids)).toBe(ids.length);
    expect(await rollupDifference(database)).toBe(0);
    const [total] = await database.query(`select sum(count)::int as n from event_rollups_day`);
    expect(total).toEqual({ n: 200 });
  });

  it('counts a batch once, however often and by however many workers it is processed', async () => {
    const ids = [...(await ingest(mixed(50))), ...(await ingest(mixed(50, uuid7())))];
    const processed = await Promise.all(
      Array.from({ length: 12 }, (_, n) => pipeline.processing.process(n % 2 === 0 ? ids : [...ids].reverse())),
    );
    expect(processed.reduce((sum, count) => sum + count, 0)).toBe(ids.length);
    expect(await pipeline.processing.process(ids)).toBe(0);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('counts once when many workers share hot keys', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 20; n++) ids.push(...(await ingest(mixed(20))));
    await Promise.all(ids.map((id) => pipeline.processing.process([id])));
    const left = await database.query(`select id from ingest_batches where status = 'queued'`);
    expect(left).toEqual([]);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('leaves nothing half done when it fails, and processes the other batches', async () => {
    const bad = await ingest([event({ event_type: 'cursed' })]);
    const good = await ingest(mixed(10));
    await curse(database);
    expect(await pipeline.processing.process([...bad, ...good])).toBe(1);
    expect(await rollupDifference(database)).toBe(0);
    const [batch] = await database.query('select status, attempts, error from ingest_batches where id = $1', [bad[0]]);
    expect(batch).toEqual({ status: 'queued', attempts: 1, error: 'cursed events cannot be counted' });
    await liftCurse(database);
    await pipeline.processing.process(bad);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('isolates the event that keeps its batch from being counted, and counts the rest', async () => {
    const ids = await ingest([...mixed(20), event({ event_type: 'cursed' }), ...mixed(20)]);
    await curse(database);
    for (let attempt = 0; attempt < 4; attempt++) await pipeline.processing.process(ids);
    const failed = await database.query(
      `select e.event_type, f.reason, f.state from failed_events f join events e on e.id = f.event_id`,
    );
    expect(failed).toEqual([{ event_type: 'cursed', reason: 'cursed events cannot be counted', state: 'open' }]);
    const [batch] = await database.query('select status from ingest_batches where id = $1', [ids[0]]);
    expect(batch).toEqual({ status: 'processed' });
    expect(await rollupDifference(database)).toBe(0);
    await liftCurse(database);
  });

  it('is made good by the sweeper when its job is lost', async () => {
    const ids = await ingest(mixed(10));
    const sweeper = new BatchSweeper(pipeline.database, pipeline.batches, pipeline.processing);
    await sweeper.sweep();
    expect(await queued(ids)).toBe(1); // not overdue yet
    await database.query(`update ingest_batches set received_at = now() - interval '6 seconds' where id = any($1)`, [
      ids,
    ]);
    await sweeper.sweep();
    expect(await queued(ids)).toBe(0);
    expect(await rollupDifference(database)).toBe(0);
  });

  async function queued(ids: string[]): Promise<number> {
    const rows = await database.query(`select id from ingest_batches where status = 'queued' and id = any($1)`, [ids]);
    return rows.length;
  }
});

async function curse(database: TestDatabase): Promise<void> {
  await database.query(`
    create function refuse_cursed() returns trigger language plpgsql as $$
    begin
      if new.event_type = 'cursed' then raise exception 'cursed events cannot be counted'; end if;
      return new;
    end $$`);
  await database.query(`
    create trigger refuse_cursed before insert on event_rollups_day for each row execute function refuse_cursed()`);
}

async function liftCurse(database: TestDatabase): Promise<void> {
  await database.query('drop function refuse_cursed cascade');
}
