import { Database } from '../../src/platform/database/database.js';
import { Problem } from '../../src/platform/http/problem.js';
import { describeApi } from '../support/fixture.js';

describeApi('the connections of an API process', { env: { RATE_LIMIT_REQUESTS: '10000' } }, (api) => {
  let pools: Database;
  let tenants: { id: string; key: string }[];

  beforeAll(async () => {
    pools = api.app.get(Database);
    tenants = [];
    for (const name of ['Slow', 'Quick', 'Third']) {
      const id = await api.createTenant(name);
      tenants.push({ id, key: await api.createKey(id, ['read', 'write']) });
    }
  });

  /** Reads of a tenant that hold their connections until `end`. */
  async function holdReads(tenantId: string, count: number): Promise<{ held: () => number; end: () => Promise<void> }> {
    const [end, ended] = [new AbortController(), [] as Promise<unknown>[]];
    const stopped = new Promise<void>((resolve) => end.signal.addEventListener('abort', () => resolve()));
    let held = 0;
    const first = new Promise<void>((resolve) => {
      for (let n = 0; n < count; n++) {
        ended.push(
          pools.readInTenant(tenantId, async (sql) => {
            await sql.query('select 1');
            held += 1;
            resolve();
            await stopped;
          }),
        );
      }
    });
    await first;
    return {
      held: () => held,
      end: async () => {
        end.abort();
        await Promise.all(ended);
      },
    };
  }

  it('are never all held by the slow reads of one tenant', async () => {
    const [slow, quick, third] = tenants as [TenantKey, TenantKey, TenantKey];
    const reads = await holdReads(slow.id, 20);
    for (const { key } of [quick, third]) {
      expect((await api.get('/events?limit=1', key)).status).toBe(200);
    }
    expect(reads.held()).toBeGreaterThan(0);
    expect(reads.held()).toBeLessThan(5); // of five in the query pool
    await reads.end(); // and those that waited had their turn
    expect(reads.held()).toBe(20);
  });

  it('are waited for by so many of one tenant, and the rest are told to come back', async () => {
    const [slow, quick] = tenants as [TenantKey, TenantKey];
    const reads = await holdReads(slow.id, 90);
    const answers = Array.from({ length: 30 }, () => api.get<{ detail?: string }>('/events?limit=1', slow.key));
    const refused = (await Promise.race([Promise.any(answers.map(onlyRefused)), Promise.all(answers)])) as Refused;
    expect(refused.body.detail).toMatch(/slow reads of your tenant/);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await api.get('/events?limit=1', quick.key)).status).toBe(200);
    await reads.end();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect((await api.get('/events?limit=1', slow.key)).status).toBe(200);
  });

  it('come back when a read fails', async () => {
    const [slow] = tenants as [TenantKey];
    for (let n = 0; n < 20; n++) {
      const failing = pools.readInTenant(slow.id, async (sql) => {
        await sql.query('select 1');
        throw new Problem(418, 'on purpose');
      });
      await expect(failing).rejects.toThrow('on purpose');
      await expect(pools.inTenant(slow.id, (sql) => sql.query('select 1/0'))).rejects.toThrow('division by zero');
    }
    expect((await api.get('/events?limit=1', slow.key)).status).toBe(200);
  });

  it('include one for health probes, which neither wait for work nor make much', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => pools.query.connect()));
    try {
      expect((await fetch(`${api.url}/api/v1/health/ready`)).status).toBe(200);
      let [queries, waiting] = [0, 0];
      pools.health.on('acquire', () => {
        queries += 1;
        waiting += pools.health.waitingCount;
      });
      const answers = await Promise.all(Array.from({ length: 300 }, () => fetch(`${api.url}/api/v1/health`)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(queries).toBeGreaterThan(0);
      expect(queries).toBeLessThan(300);
      expect(waiting).toBe(0);
      expect(pools.health.totalCount).toBe(1);
    } finally {
      for (const client of clients) client.release();
    }
  });
});

type TenantKey = { id: string; key: string };
type Refused = Awaited<ReturnType<typeof onlyRefused>>;

async function onlyRefused<A extends { status: number; headers: Headers; body: { detail?: string } }>(
  answer: Promise<A>,
): Promise<A> {
  const settled = await answer;
  if (settled.status !== 429) throw new Error(`answered ${settled.status}`);
  return settled;
}
