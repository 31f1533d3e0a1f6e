import { uuid7 } from '../../src/platform/database/uuid7.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { BatchPoller } from '../../src/events/processing/batch-poller.js';
import type { TestDatabase } from '../support/database.js';
import { describeDatabase } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';
import { unstartedTasks } from '../support/periodic-tasks.js';
import { rollupDifference } from '../support/recount.js';

describeDatabase('BatchProcessingService', {}, (database) => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = new TestPipeline(database.url);
  });

  afterAll(() => pipeline.stop());

  /** Commits events and returns the ids of their batches. */
  async function ingest(events: ReturnType<typeof event>[]): Promise<string[]> {
    const before = pipeline.notified.length;
    await pipeline.writer.write(events[0]!.tenantId, events);
    return pipeline.notified.slice(before);
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

    await database.query('update failed_events set next_retry_at = now()');
    expect(await pipeline.retrier.retryDue(10)).toEqual({ retried: 1, processed: 0 });
    const [deadLetter] = await database.query(
      'select attempts, reason, next_retry_at > now() as later from failed_events',
    );
    expect(deadLetter).toEqual({ attempts: 2, reason: 'cursed events cannot be counted', later: true });
    await liftCurse(database);
    await database.query('update failed_events set next_retry_at = now()');
    expect(await pipeline.retrier.retryDue(10)).toEqual({ retried: 1, processed: 1 });
    expect(await database.query('select * from failed_events')).toEqual([]);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('makes dead letters of quarantined events, and counts each once however many retry it in parallel', async () => {
    const tenant = uuid7();
    await pipeline.schemas.put(tenant, 'page_view', 'quarantine', { required: ['never'] });
    for (const id of await ingest(mixed(300, tenant))) await pipeline.processing.process([id]);
    const deadLetters = await database.query<{ event_id: string }>(
      'select event_id from failed_events where tenant_id = $1',
      [tenant],
    );
    expect(deadLetters).toHaveLength(100);
    expect(await rollupDifference(database)).toBe(0);
    await pipeline.schemas.put(tenant, 'page_view', 'quarantine', true);
    const ids = deadLetters.map(({ event_id }) => event_id);
    await database.query('update failed_events set next_retry_at = now()');
    const results = await Promise.all([
      ...Array.from({ length: 6 }, (_, n) =>
        pipeline.retrier.retryDeadLetters(tenant, n % 2 ? ids : [...ids].reverse()),
      ),
      ...Array.from({ length: 6 }, () => pipeline.retrier.retryDue(7)),
      ...ids.slice(0, 6).map((id) => pipeline.retrier.retryOne(tenant, id)),
      ingest(mixed(50, tenant)).then((more) => pipeline.processing.process(more).then(() => ({ processed: 0 }))),
    ]);
    await pipeline.retrier.retryDeadLetters(tenant, ids);
    expect(await database.query('select * from failed_events')).toEqual([]);
    expect(results.reduce((sum, { processed }) => sum + processed, 0)).toBe(100);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('counts each dead letter once when connections are killed in the middle of retries', async () => {
    const tenant = uuid7();
    await pipeline.schemas.put(tenant, 'page_view', 'quarantine', { required: ['never'] });
    for (const id of await ingest(mixed(1_500, tenant))) await pipeline.processing.process([id]);
    await pipeline.schemas.put(tenant, 'page_view', 'quarantine', true);
    const ids = (
      await database.query<{ event_id: string }>('select event_id from failed_events where tenant_id = $1', [tenant])
    ).map(({ event_id }) => event_id);
    expect(ids).toHaveLength(500);
    let cutOff = 0;
    const left = async () =>
      (await database.query('select event_id from failed_events where tenant_id = $1', [tenant])).length;
    const retry = async (from: number) => {
      for (let n = from; (await left()) > 0; n = (n + 20) % 500) {
        await pipeline.retrier.retryDeadLetters(tenant, ids.slice(n, n + 20)).catch(() => (cutOff += 1));
      }
    };
    const kill = async () => {
      for (let killed = 0; killed < 10 && (await left()) > 0;) {
        const { length } = await database.query(`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name = 'tidemark-system' and state <> 'idle'
          order by random() limit 1`);
        killed += length;
      }
    };
    await Promise.all([retry(0), retry(100), retry(400), kill()]);
    expect(cutOff).toBeGreaterThan(0);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('retries one by one when counting fails for one, and takes dead letters away whose event is gone', async () => {
    const tenant = uuid7();
    await pipeline.schemas.put(tenant, 'cursed', 'quarantine', false);
    await pipeline.schemas.put(tenant, 'login', 'quarantine', false);
    const events = [event({ event_type: 'cursed' }, tenant), ...[1, 2, 3].map(() => event({}, tenant))];
    await pipeline.processing.process(await ingest(events));
    expect(await rollupDifference(database)).toBe(0);
    await pipeline.schemas.delete(tenant, 'cursed');
    await pipeline.schemas.delete(tenant, 'login');
    await curse(database);
    await database.query('update failed_events set next_retry_at = now()');
    expect(await pipeline.retrier.retryDue(10)).toEqual({ retried: 4, processed: 3 });
    expect(await rollupDifference(database)).toBe(0);
    await liftCurse(database);
    await database.query(
      'insert into failed_events (tenant_id, event_id, reason, next_retry_at, counted) values ($1, $2, $3, now(), false)',
      [tenant, uuid7(), 'its event is gone'],
    );
    await database.query('update failed_events set next_retry_at = now()');
    expect(await pipeline.retrier.retryDue(10)).toEqual({ retried: 1, processed: 1 });
    expect(await database.query('select * from failed_events')).toEqual([]);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('is made good by the poller when its job is lost', async () => {
    const ids = await ingest(mixed(10));
    const poller = new BatchPoller(
      pipeline.database,
      pipeline.batches,
      pipeline.processing,
      new Metrics(),
      unstartedTasks(),
    );
    await poller.poll(new AbortController().signal);
    expect(await queued(ids)).toBe(1); // not overdue yet
    await database.query(`update ingest_batches set received_at = now() - interval '6 seconds' where id = any($1)`, [
      ids,
    ]);
    await poller.poll(new AbortController().signal);
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
