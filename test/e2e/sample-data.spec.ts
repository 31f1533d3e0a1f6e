import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi, type Fixture } from '../support/fixture.js';
import { rollupDifference } from '../support/recount.js';
import { testRedisUrl } from '../support/redis.js';

interface Job {
  id: string;
  name: string;
  state: string;
  progress: number;
  result?: { num_events: number; stored: number; rejected: number; seed: number; from: string; to: string };
  error?: string;
}

const TIMEOUT_MS = 60_000;

const env = { RATE_LIMIT_REQUESTS: '1000000', ANALYTICS_CACHE_TTL_SECONDS: '0' };
const REDIS = { needs: 'redis', env: { ...env, REDIS_URL: testRedisUrl }, workers: 1 } as const;

describeApi('POST /generate-sample-data/:num_events, queues in PostgreSQL', { env, workers: 1 }, generatesSampleData);
describeApi('POST /generate-sample-data/:num_events, queues in Redis', REDIS, generatesSampleData);

function generatesSampleData(api: TestApi, { database, worker }: Fixture): void {
  async function newTenant(name: string): Promise<{ id: string; key: string }> {
    const id = await api.createTenant(name);
    return { id, key: await api.createKey(id, ['admin']) };
  }

  async function start(key: string, count: number, body?: unknown): Promise<string> {
    const path = `/generate-sample-data/${count}`;
    const answer = await api.call<{ job_id: string }>('POST', path, body === undefined ? { key } : { key, body });
    expect([answer.status, answer.body]).toEqual([202, { job_id: expect.any(String) as string, num_events: count }]);
    return answer.body.job_id;
  }

  const look = async (key: string, id: string) => (await api.get<Job>(`/jobs/${id}`, key)).body;
  const whenCompleted = (key: string, id: string) =>
    eventually(async () => {
      const job = await look(key, id);
      expect(job).toMatchObject({ state: 'completed', progress: 100 });
      return job;
    }, TIMEOUT_MS);

  async function countStored(tenant: string) {
    const [row] = await database.query<{ events: number; ids: number; clients: number; users: number }>(
      `select count(*)::int as events, count(distinct event_id)::int as ids, count(distinct client_id)::int as clients,
              count(distinct user_id)::int as users
       from events where tenant_id = $1`,
      [tenant],
    );
    return row!;
  }

  async function countCounted(key: string): Promise<number> {
    const from = new Date(Date.now() - 31 * 86_400_000).toISOString();
    const { body } = await api.get<{ total: number }>(`/analytics/events-by-type?from=${from}`, key);
    return body.total;
  }

  it('stores and counts exactly as many events as asked for, over 30 days, from several clients', async () => {
    const { id: tenant, key } = await newTenant('Exact');
    const id = await start(key, 3_210, { seed: 5 });
    const job = await whenCompleted(key, id);
    expect(job).toEqual({
      id,
      name: 'generate-sample-data',
      state: 'completed',
      progress: 100,
      result: {
        num_events: 3_210,
        stored: 3_210,
        rejected: 0,
        seed: 5,
        from: expect.any(String) as string,
        to: expect.any(String) as string,
      },
    });
    expect(await countStored(tenant)).toMatchObject({ events: 3_210, ids: 3_210, clients: 3 });
    // completed means counted
    expect(await countCounted(key)).toBe(3_210);
    const [outside] = await database.query<{ n: number }>(
      `select count(*)::int as n from events
       where tenant_id = $1 and (event_time < $2 or event_time >= $3)`,
      [tenant, job.result?.from, job.result?.to],
    );
    expect(outside).toEqual({ n: 0 });
  });

  it('makes the same users, types and payloads of the same seed, and draws one when none is given', async () => {
    const contents = async (body?: object) => {
      const { id: tenant, key } = await newTenant(`Seeded ${Math.random()}`);
      const { result } = await whenCompleted(key, await start(key, 500, body));
      const rows = await database.query<{ text: string }>(
        `select concat_ws(' ', client_id, user_id, event_type, payload) as text from events where tenant_id = $1 order by 1`,
        [tenant],
      );
      return { seed: result?.seed, text: rows.map(({ text }) => text).join('\n') };
    };
    const [one, same, other] = [await contents({ seed: 11 }), await contents({ seed: 11 }), await contents()];
    expect(same).toEqual(one);
    expect(other.seed).not.toBe(one.seed);
    expect(other.text === one.text).toBe(false);
    expect(await contents({ seed: other.seed })).toEqual(other);
  });

  it('ends with exactly as many when its worker is killed in the middle', async () => {
    const { id: tenant, key } = await newTenant('Killed');
    const count = 30_000;
    const id = await start(key, count);
    await eventually(async () => expect((await look(key, id)).progress).toBeGreaterThan(5), TIMEOUT_MS);
    await worker.kill();
    const killedAt = await look(key, id);
    expect(killedAt).toMatchObject({ state: 'active' });
    expect(killedAt.progress).toBeLessThan(100);
    // as if the chunk after the last noted one had been committed before the kill
    await database.query(`update jobs set done = greatest(done - 1000, 0), leased_until = now() where id = $1`, [id]);
    await worker.restart();
    expect((await whenCompleted(key, id)).result).toMatchObject({ num_events: count, stored: count, rejected: 0 });
    expect(await countStored(tenant)).toMatchObject({ events: count, ids: count });
    expect(await countCounted(key)).toBe(count);
    expect(await rollupDifference(database)).toBe(0);
  }, 120_000);

  it('says how many a schema refused', async () => {
    const { id: tenant, key } = await newTenant('Strict');
    const schema = { required: ['no such property'] };
    const put = await api.call('PUT', '/event-types/page_view/schema', { key, body: { schema, mode: 'reject' } });
    expect(put.status).toBe(200);
    const { result } = await whenCompleted(key, await start(key, 300));
    expect(result?.rejected).toBeGreaterThan(0);
    expect(result).toMatchObject({ stored: 300 - (result?.rejected ?? 0) });
    expect((await countStored(tenant)).events).toBe(result?.stored);
  });

  it.each(['0', '-1', '1000001', '99999999', 'abc', '1.5', '1e3', '007', '%20'])('refuses %s', async (count) => {
    const { status, body } = await api.call('POST', `/generate-sample-data/${count}`);
    expect([status, body['detail']]).toEqual([400, 'num_events must be a whole number from 1 to 1000000.']);
  });

  it.each([{ seed: -1 }, { seed: 1.5 }, { seed: 'x' }, { seed: 2 ** 31 }, { sead: 1 }])('refuses %j', async (body) => {
    expect((await api.post('/generate-sample-data/1', body)).status).toBe(400);
  });

  it('is for administrators; whoever reads may look, and no other tenant', async () => {
    const { id: tenant, key } = await newTenant('Owner');
    const [read, write] = [await api.createKey(tenant, ['read']), await api.createKey(tenant, ['write'])];
    expect((await api.call('POST', '/generate-sample-data/1', { key: read })).status).toBe(403);
    expect((await api.call('POST', '/generate-sample-data/1', { key: write })).status).toBe(403);
    const id = await start(key, 1);
    expect((await api.get(`/jobs/${id}`, read)).status).toBe(200);
    expect((await api.get(`/jobs/${id}`, write)).status).toBe(403);
    const other = await newTenant('Neighbour');
    expect((await api.get(`/jobs/${id}`, other.key)).status).toBe(404);
    expect((await api.get('/jobs/nonsense', key)).status).toBe(404);
    await whenCompleted(key, id);
  });

  it('takes no more than twenty unfinished jobs of a tenant', async () => {
    const { id: tenant, key } = await newTenant('Eager');
    await database.query(
      `insert into jobs (tenant_id, id, name, parameters, total, client_id, leased_until)
       select $1, gen_random_uuid(), 'generate-sample-data', '{}', 1, 'x', 'infinity' from generate_series(1, 20)`,
      [tenant],
    );
    expect((await api.call('POST', '/generate-sample-data/1', { key })).status).toBe(409);
  });

  it('is found by a worker when the queue has lost it', async () => {
    const { id: tenant, key } = await newTenant('Lost');
    const [row] = await database.query<{ id: string }>(
      `insert into jobs (tenant_id, id, name, parameters, total, client_id)
       values ($1, gen_random_uuid(), 'generate-sample-data', $2::jsonb, 100, 'x') returning id`,
      [tenant, JSON.stringify({ seed: 1, until: new Date(), days: 30 })],
    );
    await whenCompleted(key, row!.id);
    expect((await countStored(tenant)).events).toBe(100);
  });

  it('is at hand on the command line', async () => {
    const { id: tenant } = await newTenant('Typist');
    const settings = { PATH: process.env['PATH'], NODE_ENV: 'test', DATABASE_URL: database.url };
    const cli = (...words: string[]) =>
      promisify(execFile)(process.execPath, [join('dist', 'cli.js'), 'generate-sample-data', ...words], {
        env: settings,
      });
    const plain = await cli('1500', `--tenant=${tenant}`, '--seed=3');
    expect(plain.stdout).toMatch(/100% completed\nStored and counted 1500 events \(seed 3\)\.\n$/);
    expect(plain.stderr).toBe('');
    const json = JSON.parse((await cli('10', `--tenant=${tenant}`, '--json')).stdout) as Job;
    expect(json).toMatchObject({ state: 'completed', progress: 100, result: { stored: 10 } });
    expect((await countStored(tenant)).events).toBe(1_510);
    for (const words of [['0'], ['many'], [], ['1', '--seed=x'], ['1', '2']]) {
      await expect(cli(...words)).rejects.toMatchObject({ code: 2, stdout: '' });
    }
  }, 120_000);
}
