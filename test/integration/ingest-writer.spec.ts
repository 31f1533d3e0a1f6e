import { uuid7 } from '../../src/platform/database/uuid7.js';
import { describeDatabase } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

const OTHER_TENANT = uuid7();

describeDatabase('IngestWriter', {}, (database) => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = new TestPipeline(database.url);
  });

  afterAll(() => pipeline.stop());

  const write = (...events: ReturnType<typeof event>[]) => pipeline.writer.write(events[0]!.tenantId, events);
  const statuses = (outcomes: { status: string }[]) => outcomes.map(({ status }) => status);

  it('stores every field as it was sent', async () => {
    const sent = event({
      event_id: 'fields',
      event_time: '2026-11-20T08:00:00.123Z',
      user_id: 'ü',
      session_id: '🌊',
      payload: { 'a"\\': [1.5, null, true, '\u2028', {}], b: -1e-7 },
    });
    await write(sent);
    const [row] = await database.query(`select * from events where event_id = 'fields'`);
    expect(row).toMatchObject({
      client_id: 'shop',
      event_type: 'login',
      user_id: 'ü',
      session_id: '🌊',
      event_time: new Date('2026-11-20T08:00:00.123Z'),
      received_at: new Date(sent.receivedAt),
      payload: { 'a"\\': [1.5, null, true, '\u2028', {}], b: -1e-7 },
    });
  });

  it('accepts an id once, answers a repeat with the first id, and refuses changed content', async () => {
    const [first] = await write(event({ event_id: 'once', payload: { a: 1, b: 2 } }));
    const again = await write(
      event({ event_id: 'once', payload: { b: 2, a: 1 } }),
      event({ event_id: 'once', payload: { a: 1, b: 3 } }),
      event({ event_id: 'once', payload: { a: 1, b: 2 }, user_id: 'u' }),
      event({ event_id: 'once', payload: { a: 1, b: 2 }, event_time: '2026-01-01T00:00:00Z' }),
    );
    expect(statuses(again)).toEqual(['duplicate', 'conflict', 'conflict', 'conflict']);
    expect(again[0]).toMatchObject({ id: (first as { id: string }).id, eventStatus: 'queued' });
  });

  it('folds repeats inside one request, the first one winning', async () => {
    const outcomes = await write(
      event({ event_id: 'folded', payload: { n: 1 } }),
      event({ event_id: 'folded', payload: { n: 1 } }),
      event({ event_id: 'folded', payload: { n: 2 } }),
    );
    expect(statuses(outcomes)).toEqual(['accepted', 'duplicate', 'conflict']);
    const rows = await database.query(`select payload from events where event_id = 'folded'`);
    expect(rows).toEqual([{ payload: { n: 1 } }]);
  });

  it('keeps the ids of clients and tenants apart', async () => {
    const outcomes = await Promise.all([
      write(event({ event_id: 'mine' })),
      write(event({ event_id: 'mine' }, undefined, 'app')),
      write(event({ event_id: 'mine' }, OTHER_TENANT)),
    ]);
    expect(statuses(outcomes.flat())).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('accepts the same 1,000 ids from 20 writers at once exactly 1,000 times, whatever their order', async () => {
    const other = new TestPipeline(database.url);
    const ids = Array.from({ length: 1_000 }, (_, n) => `race-${n}`);
    const shuffled = (round: number) => ids.map((_, n) => ids[(n * 7 + round * 131) % 1_000]!);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, round) => {
        const { writer } = round % 2 === 0 ? pipeline : other;
        const events = shuffled(round).map((event_id) => event({ event_id }));
        return writer.write(events[0]!.tenantId, events);
      }),
    );
    await other.stop();
    const counts = statuses(outcomes.flat()).reduce<Record<string, number>>(
      (sum, status) => ({ ...sum, [status]: (sum[status] ?? 0) + 1 }),
      {},
    );
    expect(counts).toEqual({ accepted: 1_000, duplicate: 19_000 });
    const [stored] = await database.query(`select count(*)::int as n from events where event_id like 'race-%'`);
    expect(stored).toEqual({ n: 1_000 });
  });

  it('rejects only the event that PostgreSQL refuses, not those that share its commit', async () => {
    await database.query(`alter table events add constraint no_poison check (event_type <> 'poison')`);
    const outcomes = await Promise.all([
      write(...Array.from({ length: 99 }, (_, n) => event({ event_id: `good-${n}` })), event({ event_type: 'poison' })),
      write(event({ event_id: 'neighbour' }, OTHER_TENANT)),
      write(event({ event_type: 'poison' }, OTHER_TENANT)),
    ]);
    await database.query('alter table events drop constraint no_poison');
    expect(statuses(outcomes[0])).toEqual([...Array.from({ length: 99 }, () => 'accepted'), 'rejected']);
    expect(statuses(outcomes[1])).toEqual(['accepted']);
    expect(statuses(outcomes[2])).toEqual(['rejected']);
    const [stored] = await database.query(`select count(*)::int as n from events where event_id like 'good-%'`);
    expect(stored).toEqual({ n: 99 });
  });

  it('writes one batch per tenant and commit, with the count of its events, and notifies for it', async () => {
    const before = pipeline.notified.length;
    await Promise.all([
      write(event({ event_id: 'b1' }), event({ event_id: 'b2' }), event({ event_id: 'b2' })),
      write(event({ event_id: 'b1' }, OTHER_TENANT)),
    ]);
    const ids = pipeline.notified.slice(before);
    const batches = await database.query(
      'select tenant_id, event_count, status from ingest_batches where id = any($1) order by event_count',
      [ids],
    );
    expect(batches).toEqual([
      { tenant_id: OTHER_TENANT, event_count: 1, status: 'queued' },
      { tenant_id: '00000000-0000-7000-8000-000000000000', event_count: 2, status: 'queued' },
    ]);
    await write(event({ event_id: 'b1' }));
    expect(pipeline.notified).toHaveLength(before + 2); // a commit without a new event leaves no batch behind
  });

  it('commits durably: the connection refuses to run without synchronous_commit', async () => {
    const { rows } = await pipeline.database.ingest.query('show synchronous_commit');
    expect(rows).toEqual([{ synchronous_commit: 'on' }]);
  });

  it('answers 503 when the buffer is full, and leaves room for other tenants', async () => {
    const small = new TestPipeline(database.url, { INGEST_BUFFER_BYTES: '1048576' });
    const flood = Array.from({ length: 40 }, () =>
      small.writer.write(event().tenantId, [event({ payload: { a: 'x'.repeat(50_000) } })]).then(
        () => 'stored',
        (error: { status?: number }) => error.status,
      ),
    );
    const neighbour = small.writer.write(OTHER_TENANT, [event({}, OTHER_TENANT)]);
    expect(statuses(await neighbour)).toEqual(['accepted']);
    const results = await Promise.all(flood);
    expect(results.filter((result) => result === 503).length).toBeGreaterThan(10);
    expect(results.filter((result) => result === 'stored').length).toBeGreaterThan(5);
    expect(statuses(await small.writer.write(event().tenantId, [event()]))).toEqual(['accepted']);
    await small.stop();
  });
});
