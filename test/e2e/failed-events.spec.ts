import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { rollupDifference } from '../support/recount.js';
import { TestWorker } from '../support/worker.js';

const PRICED = { type: 'object', required: ['price'], properties: { price: { type: 'number' } } };
const BROKEN = { ...PRICED, required: ['prize'] };

interface Letter {
  id: string;
  event_id: string;
  reason: string;
  state: string;
  attempts: number;
  next_retry_at: string | null;
  payload: unknown;
  original_payload: unknown;
}
interface Letters {
  data: Letter[];
  next_cursor: string | null;
}
interface Retried {
  retried: number;
  processed: number;
  failed: number;
  next_cursor: string | null;
}

describeApi('failed events', { env: { RATE_LIMIT_REQUESTS: '1000000' }, workers: 2 }, (api, { database }) => {
  let tenant: string;
  let key: string;

  beforeEach(async () => {
    tenant = await api.createTenant(`Acme ${expect.getState().currentTestName}`.slice(0, 200));
    key = await api.createKey(tenant, ['admin']);
  });

  const quarantine = (schema: unknown) =>
    api.call('PUT', '/event-types/sale/schema', { key, body: { schema, mode: 'quarantine' } });
  const deadLetters = async (query = '') => (await api.get<Letters>(`/events/failed${query}`, key)).body;
  const counted = async (type = 'sale') => {
    type Counts = { data: { event_type: string; count: number }[] };
    const { body } = await api.get<Counts>('/analytics/events-by-type', key);
    return body.data.find(({ event_type }) => event_type === type)?.count ?? 0;
  };
  const idle = () =>
    eventually(async () => {
      expect(await database.query(`select id from ingest_batches where status = 'queued'`)).toEqual([]);
    });

  async function send(payloads: unknown[], type = 'sale'): Promise<string[]> {
    const events = payloads.map((payload) => ({ event_type: type, payload }));
    const { body } = await api.post<{ results: { id: string }[] }>('/events/batch', { events }, key);
    return body.results.map(({ id }) => id);
  }

  /** One failed event. @returns its id */
  async function fail(payload: unknown = { price: 1 }): Promise<string> {
    await quarantine(BROKEN);
    const [id] = await send([payload]);
    await idle();
    return id!;
  }

  it('are taken, kept and counted once each when their schema is broken, fixed, and they are retried twice in parallel', async () => {
    await quarantine(BROKEN);
    for (let n = 0; n < 10; n++) {
      const batches = [0, 1].map((half) =>
        send(Array.from({ length: 500 }, (_, i) => ({ price: n * 1_000 + half * 500 + i }))),
      );
      await Promise.all(batches);
    }
    await idle();
    const stored = () => database.query('select count(*)::int as n from events where tenant_id = $1', [tenant]);
    expect(await stored()).toEqual([{ n: 10_000 }]);
    expect(await counted()).toBe(0);
    expect(await rollupDifference(database)).toBe(0);
    const page = await deadLetters('?limit=1000');
    expect(page.data).toHaveLength(1_000);
    expect(page.data[0]).toMatchObject({ reason: 'payload.prize is missing', state: 'open', attempts: 1 });

    expect((await api.post<Retried>('/events/failed/retry', {}, key)).body).toMatchObject({
      processed: 0,
      failed: 10_000,
    });
    await quarantine(PRICED);
    const answers = await Promise.all([1, 2].map(() => api.post<Retried>('/events/failed/retry', {}, key)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await api.post('/events/failed/retry', {}, key);
    expect(answers.reduce((sum, { body }) => sum + body.processed, 0)).toBe(10_000);
    expect(await counted()).toBe(10_000);
    expect(await stored()).toEqual([{ n: 10_000 }]);
    expect((await deadLetters()).data).toEqual([]);
    expect(await rollupDifference(database)).toBe(0);
  }, 120_000);

  it('leave the good events of their batch alone', async () => {
    await quarantine(PRICED);
    const ids = await send([{ price: 1 }, { price: 'high' }, { price: 3 }]);
    await send([{ price: 'high' }], 'unchecked');
    await idle();
    expect([await counted(), await counted('unchecked')]).toEqual([2, 1]);
    const { data } = await deadLetters();
    expect(data).toMatchObject([{ id: ids[1], reason: 'payload.price must be number', payload: { price: 'high' } }]);
    const event = await api.get(`/events/${ids[1]}`, key);
    expect(event.body).toMatchObject({ status: 'failed' });
    expect((await api.get<Letters>('/events?status=failed', key)).body.data).toHaveLength(1);
  });

  it('are processed by a retry once they fit, which may be repeated', async () => {
    const id = await fail();
    const again = await api.post(`/events/failed/${id}/retry`, {}, key);
    expect(again.body).toMatchObject({ id, status: 'failed', reason: 'payload.prize is missing', attempts: 2 });
    await quarantine(PRICED);
    const answers = await Promise.all([1, 2, 3, 4].map(() => api.call('POST', `/events/failed/${id}/retry`, { key })));
    for (const { status, body } of answers) expect([status, body]).toMatchObject([200, { id, status: 'processed' }]);
    expect((await api.get(`/events/${id}`, key)).body).toMatchObject({ status: 'processed' });
    expect(await counted()).toBe(1);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('take a patch that fits and keep the payload that came', async () => {
    await quarantine(PRICED);
    const body = { event_type: 'sale', event_id: 'mine', payload: { price: 'high' } };
    const { body: sent } = await api.post<{ id: string }>('/events', body, key);
    await idle();
    const refused = await api.post(`/events/failed/${sent.id}/retry`, { payload: { price: 'low' } }, key);
    expect([refused.status, refused.body]).toMatchObject([400, { errors: [{ path: 'payload.price' }] }]);
    expect((await deadLetters()).data).toMatchObject([{ payload: { price: 'high' }, original_payload: null }]);
    const patched = await api.post(`/events/failed/${sent.id}/retry`, { payload: { price: 7 } }, key);
    expect(patched.body).toMatchObject({ status: 'processed' });
    expect((await api.get('/events/mine', key)).body).toMatchObject({ status: 'processed', payload: { price: 7 } });
    expect(await database.query('select payload, client_id from event_patches where tenant_id = $1', [tenant])).toEqual(
      [{ payload: { price: 'high' }, client_id: 'shop' }],
    );
    const repeat = await api.post('/events', body, key);
    expect([repeat.status, repeat.body]).toMatchObject([202, { id: sent.id, duplicate: true, status: 'processed' }]);
    expect(await counted()).toBe(1);
    for (const wrong of [{ payload: 'x' }, { payload: { a: 'NUL\0' } }, { other: 1 }, []]) {
      expect((await api.post(`/events/failed/${sent.id}/retry`, wrong, key)).status).toBe(400);
    }
  });

  it('leave the queue for good when they are given up, and stay failed', async () => {
    const id = await fail();
    expect((await api.call('DELETE', `/events/failed/${id}`, { key })).status).toBe(204);
    expect((await api.call('DELETE', `/events/failed/${id}`, { key })).status).toBe(404);
    expect((await deadLetters()).data).toEqual([]);
    await quarantine(PRICED);
    expect((await api.post(`/events/failed/${id}/retry`, {}, key)).status).toBe(404);
    expect((await api.post<Retried>('/events/failed/retry', {}, key)).body.retried).toBe(0);
    expect((await api.get(`/events/${id}`, key)).body).toMatchObject({ status: 'failed' });
    expect(await counted()).toBe(0);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('die after eight tries and can be retried by hand even then', async () => {
    const id = await fail();
    for (let n = 2; n <= 8; n++) await api.post(`/events/failed/${id}/retry`, {}, key);
    expect((await deadLetters('?state=dead')).data).toMatchObject([{ id, attempts: 8, next_retry_at: null }]);
    expect((await deadLetters('?state=open')).data).toEqual([]);
    await quarantine(PRICED);
    expect((await api.post<Retried>('/events/failed/retry', { state: 'dead' }, key)).body.processed).toBe(1);
    expect(await rollupDifference(database)).toBe(0);
  });

  it('are found by type, client, reason and time, page by page', async () => {
    await quarantine(PRICED);
    await send([{}, {}, { price: 'x' }]);
    await idle();
    expect((await deadLetters('?reason=PRICE%20IS')).data).toHaveLength(2);
    expect((await deadLetters('?event_type=other')).data).toEqual([]);
    expect((await deadLetters('?client_id=shop&event_type=sale')).data).toHaveLength(3);
    expect((await deadLetters('?to=2020-01-01T00:00:00Z')).data).toEqual([]);
    const first = await deadLetters('?limit=2');
    const rest = await deadLetters(`?limit=2&cursor=${first.next_cursor}`);
    expect(new Set([...first.data, ...rest.data].map(({ id }) => id)).size).toBe(3);
    expect(rest.next_cursor).toBeNull();
    expect((await api.get('/events/failed?colour=red', key)).status).toBe(400);
    for (const body of [{ colour: 'red' }, { cursor: null }, { cursor: 'x' }]) {
      expect((await api.post('/events/failed/retry', body, key)).status).toBe(400);
    }
    expect((await api.get(`/events/failed/${rest.data[0]?.id}`, key)).body).toMatchObject({ event_type: 'sale' });
    expect((await api.get('/events/failed/nothing', key)).status).toBe(404);
    const reader = await api.createKey(tenant, ['read', 'write']);
    expect((await api.get('/events/failed', reader)).status).toBe(403);
  });

  it('are retried from the command line', async () => {
    await fail();
    await quarantine(PRICED);
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['dist/cli.js', 'retry-failed', `--tenant=${tenant}`, '--json'], {
      env: { PATH: process.env['PATH'], NODE_ENV: 'test', DATABASE_URL: database.url },
    });
    expect(JSON.parse(stdout)).toEqual({ retried: 1, processed: 1, failed: 0 });
    expect(await counted()).toBe(1);
  });
});

describeApi('failed events and their schedule', {}, (api, { database }) => {
  it('are retried when their time has come, once each, by whichever worker is first, without a queue', async () => {
    const key = await api.createKey(await api.createTenant('Acme'), ['admin']);
    const put = (schema: unknown) =>
      api.call('PUT', '/event-types/sale/schema', { key, body: { schema, mode: 'quarantine' } });
    await put(BROKEN);
    const env = { FAILED_RETRY_SECONDS: '1' };
    const workers = await Promise.all([1, 2].map(() => TestWorker.start(database.url, env)));
    await api.post(
      '/events/batch',
      { events: Array.from({ length: 200 }, () => ({ event_type: 'sale', payload: { price: 1 } })) },
      key,
    );
    await eventually(async () => {
      const [row] = await database.query('select min(attempts) as least from failed_events');
      expect(row?.['least']).toBeGreaterThan(1);
    });
    await put(PRICED);
    await database.query('update failed_events set next_retry_at = now(), attempts = 2');
    await eventually(async () => {
      expect(await database.query(`select reason from failed_events where state = 'open'`)).toEqual([]);
    }, 30_000);
    expect(await rollupDifference(database)).toBe(0);
    const total = await api.get<{ total: number }>('/analytics/events-by-type', key);
    expect(total.body.total).toBe(200);
    await Promise.all(workers.map((worker) => worker.stop()));
  }, 60_000);
});
