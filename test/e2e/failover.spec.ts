import { TestApiProcess } from '../support/api-process.js';
import { PLATFORM_KEY } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { runBuilt } from '../support/logins.js';
import { PrimaryAndStandby, urlOfAll } from '../support/primary-and-standby.js';
import { rollupDifference } from '../support/recount.js';
import { SteadyLoad } from '../support/steady-load.js';
import { TestWorker } from '../support/worker.js';

/** The built API and worker at a primary and its synchronous standby, which the URL names first. */
describe('several hosts in DATABASE_URL', () => {
  const pair = new PrimaryAndStandby();
  const { primary, standby } = pair;
  const worker = new TestWorker();
  let api: TestApiProcess;
  let env: { DATABASE_URL: string; DATABASE_MIGRATION_URL: string };

  beforeAll(async () => {
    await pair.start();
    env = {
      DATABASE_URL: urlOfAll([standby.runtimeUrl, primary.runtimeUrl]),
      DATABASE_MIGRATION_URL: urlOfAll([standby.url, primary.url]),
    };
    const limits = { RATE_LIMIT_REQUESTS: '10000000' };
    [api] = await Promise.all([TestApiProcess.start(env.DATABASE_URL, limits), worker.launch(env.DATABASE_URL)]);
  }, 90_000);

  afterAll(async () => {
    await Promise.allSettled([api.stop(), worker.stop()]);
    await pair.stop();
  }, 30_000);

  const send = async (id: string): Promise<number> => {
    const { status } = await fetch(api.url('/events'), {
      method: 'POST',
      headers: { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' },
      body: JSON.stringify({ event_type: 'single', event_id: id }),
    });
    return status;
  };
  const countSessions = async (server: typeof primary) => {
    const [found] = await server.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where application_name like 'tidemark-%'
       and application_name not in ('tidemark-quickstart', 'tidemark-find-primary')`,
    );
    return found!.n;
  };

  it('the one that accepts writes is found, by commands too', async () => {
    expect(await send('first')).toBe(202);
    expect(await countSessions(standby)).toBe(0);
    const ran = await Promise.all([runBuilt(env, 'cli', 'migrate'), runBuilt(env, 'cli', 'doctor')]);
    expect(ran.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
    ]);
  }, 30_000);

  it('when the primary is killed under load, nothing acknowledged is lost or counted twice, and nobody restarts', async () => {
    const load = new SteadyLoad(() => api.url('/events'), 8);
    await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(200));
    primary.kill();
    const killedAt = performance.now();
    await eventually(() => expect(load.failures.length).toBeGreaterThan(8));
    await pair.promote();
    const before = load.acknowledged.length;
    await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(before + 200));
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    await load.stop();
    expect(load.failures.filter((failure) => !failure.startsWith('503 '))).toEqual([]); // nothing else is retried

    const stored = await standby.query<{ event_id: string }>(`select event_id from events where event_type = 'load'`);
    expect(stored.map(({ event_id: id }) => id).sort()).toEqual([...load.acknowledged].sort());
    await eventually(async () => {
      const [open] = await standby.query<{ n: number }>(
        `select count(*)::int as n from ingest_batches where status <> 'processed'`,
      );
      expect(open!.n).toBe(0);
    });
    expect(await rollupDifference(standby)).toBe(0);
    const { out } = await runBuilt(env, 'cli', 'recount', '--json');
    expect(JSON.parse(out)).toMatchObject({ differences: [] });
    const asked = await fetch(api.url('/analytics/events-by-type'), { headers: { 'X-API-Key': PLATFORM_KEY } });
    expect(await asked.json()).toMatchObject({ total: load.acknowledged.length + 1 });
    expect([api.child.exitCode, worker.child.exitCode]).toEqual([null, null]);
  }, 60_000);

  it('a session that has become read-only is left for a server that accepts writes', async () => {
    await primary.start(); // as it was when it was killed; a demotion leaves such a pair
    await standby.query('alter system set default_transaction_read_only = on');
    await standby.query('select pg_reload_conf()');
    await eventually(async () => expect(await send('moved')).toBe(202));
    expect(await primary.query(`select from events where event_id = 'moved'`)).toHaveLength(1);
    await eventually(async () => expect(await countSessions(standby)).toBe(0));
  }, 30_000);
});
