import { TestClickHouse } from '../support/clickhouse.js';
import { TestFeed } from '../support/clickhouse-feed.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TestApi } from '../support/api.js';
import { TestWorker } from '../support/worker.js';

describeDatabase('an erasure where workers feed ClickHouse', {}, (database) => {
  let server: TestClickHouse;
  let api: TestApi;
  let worker: TestWorker;
  let fed: TestFeed;

  beforeAll(async () => {
    server = await TestClickHouse.start();
    const env = { CLICKHOUSE_URL: server.url, RATE_LIMIT_REQUESTS: '1000000' };
    [api, worker] = await Promise.all([
      TestApi.start(database.url, env),
      TestWorker.start(database.url, { ...env, LOG_LEVEL: 'silent' }),
    ]);
    fed = new TestFeed(database.url, server.url);
  }, 90_000);

  afterAll(async () => {
    await fed.stop();
    await worker.stop();
    await api.stop();
    await server.stop();
  });

  it('gives its receipt when the person is in no file there, and says what to do while it is away', async () => {
    const tenant = await api.createTenant('Erasing');
    const key = await api.createKey(tenant, ['read', 'write', 'admin']);
    const person = 'person-qz7';
    const send = (event: object) => api.post('/events/ingest', event, key);
    await send({ event_type: 'view', user_id: person, session_id: 's-qz7', payload: { mail: 'mail-qz7' } });
    await send({ event_type: 'view', user_id: 'other', payload: { about: person } });
    await eventually(async () => expect((await fed.count()).events).toBe(2), 30_000);
    expect(await fed.dump()).toContain('mail-qz7');

    const checkOf = async () =>
      (await api.get<{ status: string; checks: { clickhouse?: { status: string } } }>('/health')).body;
    expect(await checkOf()).toMatchObject({ status: 'healthy', checks: { clickhouse: { status: 'up' } } });
    await server.kill();
    expect(await checkOf()).toMatchObject({ status: 'healthy', checks: { clickhouse: { status: 'down' } } });
    const asked = await api.post('/privacy/erasures', { user_id: person, mentions: 'redact' }, key);
    expect(asked.status).toBe(202);
    const read = async () => (await api.get(`/privacy/erasures/${(asked.body as { id: string }).id}`, key)).body;
    await eventually(async () => {
      expect(await read()).toMatchObject({
        state: 'running',
        receipt: null,
        waits_for: expect.stringContaining('doctor says whether it answers') as string,
      });
    }, 30_000);
    expect((await send({ event_type: 'view', user_id: 'other' })).status).toBe(202);

    await server.launch();
    await eventually(async () => expect(await read()).toMatchObject({ state: 'completed', waits_for: null }), 90_000);
    expect(await fed.dump()).not.toContain('qz7');
    await eventually(async () => expect((await fed.count()).events).toBe(3), 60_000);
    expect(await fed.compare()).toEqual([]);
  });
});
