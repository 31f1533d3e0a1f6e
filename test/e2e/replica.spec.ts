import { randomUUID } from 'node:crypto';
import { TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { PrimaryAndStandby } from '../support/primary-and-standby.js';
import { TestWorker } from '../support/worker.js';

interface Counted {
  total: number;
  as_of?: string;
}

/** Analytics on a real streaming standby. */
describe('DATABASE_REPLICA_URL', () => {
  const pair = new PrimaryAndStandby();
  const { primary, standby } = pair;
  const [api, worker] = [new TestApi(), new TestWorker()];
  let keys: [string, string];
  let sent = 0;

  beforeAll(async () => {
    await pair.start('asynchronous');
    const limits = { RATE_LIMIT_REQUESTS: '1000000' };
    const env = { ...limits, DATABASE_REPLICA_URL: standby.runtimeUrl, REPLICA_MAX_LAG_SECONDS: '3' };
    await Promise.all([api.launch(primary.runtimeUrl, env), worker.launch(primary.runtimeUrl)]);
    keys = (await Promise.all(
      ['One', 'Other'].map(async (name) => api.createKey(await api.createTenant(name), ['read', 'write'])),
    )) as [string, string];
  }, 90_000);

  afterAll(async () => {
    await Promise.allSettled([api.stop(), worker.stop()]);
    await pair.stop();
  }, 30_000);

  const sendOne = async () => {
    const event = { event_type: 'seen', user_id: 'u-1', event_id: randomUUID() };
    expect((await api.post('/events/ingest', event, keys[0])).status).toBe(202);
    sent += 1;
  };
  const count = async (key = keys[0]) => (await api.get<Counted>('/analytics/events-by-type', key)).body;
  const untilCounted = (check: (as_of: string | undefined) => void) =>
    eventually(async () => {
      const { total, as_of: asOf } = await count();
      expect(total).toBe(sent);
      check(asOf);
    });
  const answered = (asOf: string | undefined) => expect(asOf).toBeDefined();
  const bypassed = (asOf: string | undefined) => expect(asOf).toBeUndefined();

  it('analytics come from the replica and say until when they count, each tenant its own', async () => {
    const before = Date.now();
    await sendOne();
    await untilCounted((asOf) => expect(Date.parse(asOf ?? '')).toBeGreaterThan(before - 3_000));
    expect(await count(keys[1])).toMatchObject({ total: 0, as_of: expect.any(String) as string });
    const [found] = await standby.query<{ roles: string[] }>(
      `select array_agg(distinct query order by query) as roles from pg_stat_activity
       where application_name = 'tidemark-replica'`,
    );
    expect(found!.roles).not.toBeNull();
    const funnel = { steps: [{ event_type: 'seen' }, { event_type: 'seen' }] };
    const answers = await Promise.all([
      api.get('/analytics', keys[0]),
      api.get('/analytics?user_id=u-1', keys[0]),
      api.get('/analytics/users/u-1/journey', keys[0]),
      api.get('/analytics/retention', keys[0]),
      api.get('/analytics/timeseries', keys[0]),
      api.get('/analytics/timeseries?measure=users', keys[0]),
      api.get('/analytics/group-by-client-and-type', keys[0]),
      api.get('/analytics/processing-metrics', keys[0]),
      api.get('/analytics/breakdown?property=user_id', keys[0]),
      api.post('/analytics/funnel', funnel, keys[0]),
    ]);
    expect(answers.map(({ status, body }) => [status, typeof body['as_of']])).toEqual(
      answers.map(() => [200, 'string']),
    );
    for (const path of ['/events', '/auth/info', '/analytics/funnels']) {
      expect((await api.get(path, keys[0])).body).not.toHaveProperty('as_of');
    }
  }, 30_000);

  it('while it lags more than REPLICA_MAX_LAG_SECONDS, the primary answers with what is new', async () => {
    await standby.query('select pg_wal_replay_pause()');
    await sendOne();
    expect((await count()).total).toBe(sent - 1); // as of before, which it says
    await untilCounted(bypassed);
    await standby.query('select pg_wal_replay_resume()');
    await untilCounted(answered);
  }, 30_000);

  it('while it is down, the primary answers at once; the replica does again when it is back', async () => {
    expect(await count()).toHaveProperty('as_of'); // so that the next question is asked of it without another look
    await standby.stop();
    expect(await count()).toMatchObject({ total: sent, data: [{ event_type: 'seen' }] });
    await sendOne();
    await untilCounted(bypassed);
    await standby.start(pair.replication);
    await untilCounted(answered);
  }, 30_000);

  it('when it has become a primary of its own, it is not asked any more', async () => {
    await pair.promote();
    await sendOne();
    await untilCounted(bypassed);
  }, 30_000);
});
