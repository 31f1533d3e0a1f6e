import { verifyInclusion } from '../../src/audit/proofs/merkle-proof.js';
import { TestApi } from '../support/api.js';
import { TestTrail, verifyLines } from '../support/audit-trail.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { dumpDatabase, tracesOf } from '../support/database-dump.js';
import { eventually } from '../support/eventually.js';
import { rollupDifference } from '../support/recount.js';
import { dumpTestRedis, flushTestRedis, testRedisUrl } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

/** `npm run test:audit` erases a hundred. */
const SUBJECTS = Number(process.env['AUDIT_SUBJECTS'] ?? 4);
const BYSTANDERS = 3;

interface Erasure {
  id: string;
  state: string;
  receipt: { counts: Record<string, number>; tree_size: number } | null;
}

describe('POST /privacy/erasures', () => {
  let database: TestDatabase;
  let api: TestApi;
  let worker: TestWorker;
  let trail: TestTrail;
  let tenant: string;
  let key: string;

  beforeAll(async () => {
    await flushTestRedis();
    database = await createTestDatabase();
    const env = { RATE_LIMIT_REQUESTS: '1000000', REDIS_URL: testRedisUrl };
    api = await TestApi.start(database.url, env);
    worker = await TestWorker.start(database.url, env);
    trail = new TestTrail(database.url);
    tenant = await api.createTenant('Erasing');
    key = await api.createKey(tenant, ['read', 'write', 'admin']);
  });

  afterAll(async () => {
    await trail.stop();
    await worker.stop();
    await api.stop();
    await database.drop();
  });

  /** Everything about somebody carries this, so that one search finds any trace. */
  const nameOf = (n: number) => `person-${n}-qz7`;

  async function live(n: number): Promise<void> {
    const name = nameOf(n);
    const session = `session-of-${name}`;
    const events = [
      { event_type: 'view', session_id: session, payload: { ref: `link for ${name}` } },
      {
        event_type: 'login',
        event_id: `login-${name}`,
        user_id: name,
        session_id: session,
        payload: { mail: `${name}@example.com` },
      },
      { event_type: 'order', user_id: name, payload: { nested: [{ of: name }] } },
      { event_type: 'invite', user_id: 'bystander', payload: { invited: name, kept: 'yes' } },
    ];
    const batch = await api.post<{ results: { id: string }[] }>('/events/batch', { events }, key);
    expect(batch.status).toBe(202);
    await api.call('PUT', `/events/${batch.body.results[1]!.id}/enrich`, {
      key,
      body: { additional_properties: { city: name } },
    });
    await api.get(`/events/${name}`, key);
    await api.get(`/analytics?user_id=${name}`, key);
    const entry = { action_type: 'UPDATE', resource_type: 'user', resource_id: name };
    for (const more of [
      { user_id: name, ip_address: '192.0.2.9', message: `by ${name}`, idempotency_key: `key-${name}` },
      { user_id: 'admin', before_state: { owner: name }, after_state: { owner: 'none' } },
      { user_id: 'admin', resource_id: 'other', message: `has blocked ${name}.` },
    ]) {
      expect((await api.post('/logs', { ...entry, ...more }, key)).status).toBe(201);
    }
  }

  it(`leaves no trace of ${SUBJECTS} subjects, and every proof of others as good as before`, async () => {
    for (let n = 0; n < SUBJECTS + BYSTANDERS; n++) await live(n);
    const { rows: sealed } = await eventually(async () => {
      const result = await trail.database.system.query<{ id: string }>(
        `select l.entry_id as id from audit_leaves l join audit_entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
         where l.tenant_id = $1 and e.resource_type = 'user'`,
        [tenant],
      );
      expect(result.rows).toHaveLength((SUBJECTS + BYSTANDERS) * 3);
      return result;
    });
    const earlier = (await api.get<{ checkpoint: string; public_key: string }>('/logs/checkpoint', key)).body;
    await eventually(async () => expect(await countQueued()).toBe(0));

    const erasures: string[] = [];
    for (let n = 0; n < SUBJECTS; n++) {
      const { status, body } = await api.post<Erasure>('/privacy/erasures', { user_id: nameOf(n) }, key);
      expect({ status, state: body.state }).toEqual({ status: 202, state: 'queued' });
      erasures.push(body.id);
    }
    for (const id of erasures) {
      const { body } = await eventually(async () => {
        const answer = await api.get<Erasure>(`/privacy/erasures/${id}`, key);
        expect(answer.body.state).toBe('completed');
        return answer;
      }, 40_000);
      expect(body.receipt?.counts).toMatchObject({
        events: 3,
        events_naming_them: 1,
        audit_entries: 3,
        api_calls: 1,
      });
    }

    const dump = await dumpDatabase(database);
    const redis = await dumpTestRedis();
    let hits = 0;
    for (let n = 0; n < SUBJECTS; n++) {
      const traces = tracesOf(nameOf(n));
      const found = [...dump.map(({ row }) => row), ...redis].filter((row) =>
        traces.some((trace) => row.includes(trace)),
      );
      hits += found.length;
      expect(found).toEqual([]);
    }
    for (let n = SUBJECTS; n < SUBJECTS + BYSTANDERS; n++) {
      expect(dump.filter(({ row }) => row.includes(nameOf(n))).length).toBeGreaterThan(8);
    }
    process.stdout.write(
      `erasure: ${hits} traces of ${SUBJECTS} subjects in ${dump.length} rows and ${redis.length} Redis values\n`,
    );

    const verdict = verifyLines(await trail.export(tenant), {
      earlier: earlier.checkpoint,
      publicKeys: [earlier.public_key],
    });
    expect(verdict).toMatchObject({ ok: true, complete: true, erased: SUBJECTS * 3, problems: [] });
    for (const { id } of sealed) {
      const { body: proof } = await api.get<
        Record<string, string> & { proof: string[]; leaf_index: number; tree_size: number }
      >(`/logs/${id}/proof`, key);
      const [leaf, root] = [proof['leaf_hash']!, proof['root_hash']!].map((text) => Buffer.from(text, 'base64'));
      const hashes = proof.proof.map((text) => Buffer.from(text, 'base64'));
      expect(verifyInclusion(leaf!, proof.leaf_index, proof.tree_size, hashes, root!)).toBe(true);
    }
    expect(await rollupDifference(database)).toBe(0);
  }, 600_000);

  it('does not bring an erased event back when it is sent again', async () => {
    const before = await database.query('select from events where tenant_id = $1', [tenant]);
    const again = await api.post(
      '/events/ingest',
      { event_type: 'login', event_id: `login-${nameOf(0)}`, user_id: nameOf(0) },
      key,
    );
    expect(again.status).not.toBe(202);
    const log = {
      action_type: 'UPDATE',
      resource_type: 'user',
      resource_id: nameOf(0),
      idempotency_key: `key-${nameOf(0)}`,
    };
    expect((await api.post('/logs', log, key)).status).not.toBe(201);
    expect(await database.query('select from events where tenant_id = $1', [tenant])).toHaveLength(before.length);
  });

  it('keeps what events say in total', async () => {
    const { body } = await api.get<{ data: { event_type: string; count: number }[] }>('/analytics/events-by-type', key);
    expect(Object.fromEntries(body.data.map((row) => [row.event_type, row.count]))).toEqual(
      Object.fromEntries(['view', 'login', 'order', 'invite'].map((type) => [type, SUBJECTS + BYSTANDERS])),
    );
  });

  it('is taken up where a killed worker left it', async () => {
    const name = nameOf(SUBJECTS);
    const { body } = await api.post<Erasure>('/privacy/erasures', { user_id: name }, key);
    // what a worker leaves that was killed a while ago
    await database.query(
      `update privacy_erasures set state = 'running', started_at = now(), claimed_at = now() - interval '2 minutes'
       where id = $1 and state <> 'completed'`,
      [body.id],
    );
    await eventually(async () => {
      expect((await api.get<Erasure>(`/privacy/erasures/${body.id}`, key)).body.state).toBe('completed');
    }, 30_000);
    expect((await dumpDatabase(database)).filter(({ row }) => row.includes(name))).toEqual([]);
  });

  it('refuses what is not a user id, and knows nothing of another tenant', async () => {
    for (const body of [{}, { user_id: '' }, { user_id: 'x'.repeat(256) }, { user_id: 7 }, { user_id: 'x', more: 1 }]) {
      expect((await api.post('/privacy/erasures', body, key)).status).toBe(400);
    }
    const { body } = await api.post<Erasure>('/privacy/erasures', { user_id: 'nobody' }, key);
    const other = await api.createKey(await api.createTenant('Other'), ['admin']);
    expect((await api.get(`/privacy/erasures/${body.id}`, other)).status).toBe(404);
    expect((await api.get('/privacy/erasures/nonsense', key)).status).toBe(404);
  });

  const countQueued = async () => (await database.query(`select from ingest_batches where status = 'queued'`)).length;
});
