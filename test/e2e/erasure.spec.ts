import { RecountService } from '../../src/analytics/rollups/recount.service.js';
import { verifyInclusion } from '../../src/audit/transparency-log/merkle-proof.js';
import { TestTrail, verifyLines } from '../support/audit-trail.js';
import { dumpDatabase, tracesOf } from '../support/database-dump.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { rollupDifference } from '../support/recount.js';
import { dumpTestRedis, testRedisUrl } from '../support/redis.js';

/** `npm run test:audit` erases a hundred. */
const SUBJECTS = Number(process.env['AUDIT_SUBJECTS'] ?? 4);
const BYSTANDERS = 3;

interface Erasure {
  id: string;
  state: string;
  subject_hmac: string;
  receipt: {
    counts: Record<string, number>;
    tree_size: number;
    act_indexes: number[];
    covered: string[];
    not_covered: string[];
  } | null;
}

interface Preview {
  dry_run: boolean;
  counts: Record<string, number>;
  complete: boolean;
  other_spellings: string[];
  subject_hmac: string | null;
  earlier_erasures: string[];
  not_covered: string[];
}

const env = { RATE_LIMIT_REQUESTS: '1000000', REDIS_URL: testRedisUrl, EVENT_CONTEXT: 'full' };

describeApi('POST /privacy/erasures', { env, workers: 1 }, (api, { database }) => {
  let trail: TestTrail;
  let tenant: string;
  let key: string;

  beforeAll(async () => {
    trail = new TestTrail(database.url);
    tenant = await api.createTenant('Erasing');
    key = await api.createKey(tenant, ['read', 'write', 'admin']);
  });

  afterAll(() => trail.stop());

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
    await api.get(`/events/login-${name}`, key);
    await api.get(`/analytics/users/${name.replace('-', '%2D')}/journey`, key);
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

  async function erase(body: object, withKey = key): Promise<Erasure> {
    const { status, body: asked } = await api.post<Erasure>('/privacy/erasures', body, withKey);
    expect({ status, state: asked.state }).toEqual({ status: 202, state: 'queued' });
    return finished(asked.id, withKey);
  }

  const finished = (id: string, withKey = key) =>
    eventually(async () => {
      const { body } = await api.get<Erasure>(`/privacy/erasures/${id}`, withKey);
      expect(body.state).toBe('completed');
      return body;
    }, 40_000);

  const dryRun = async (user_id: string, withKey = key) => {
    const { status, body } = await api.post<Preview>('/privacy/erasures', { user_id, dry_run: true }, withKey);
    expect(status).toBe(200);
    return body;
  };

  /** A tenant of its own with a key for everything. */
  async function newTenant(name: string): Promise<{ id: string; key: string }> {
    const id = await api.createTenant(name);
    return { id, key: await api.createKey(id, ['read', 'write', 'admin']) };
  }

  const counted = () => eventually(async () => expect(await countQueued()).toBe(0));

  it(`leaves no trace of ${SUBJECTS} subjects but in texts, and every proof of others as good as before`, async () => {
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
    await counted();
    const preview = await dryRun(nameOf(0));
    for (let n = 0; n < SUBJECTS; n++) {
      const { receipt } = await erase({ user_id: nameOf(n), mentions: 'redact' });
      expect(receipt?.counts).toMatchObject({
        events: 3,
        mentions_in_events: 1,
        redacted_in_events: 1,
        entries_of: 1,
        mentions_in_entries: 1,
        redacted_in_entries: 1,
        mentions_in_text: 1,
        call_paths: 2,
        mentions_in_calls: 1,
        redacted_in_calls: 1,
        sessions: 1,
      });
      if (n === 0) expect(receipt?.counts).toMatchObject(onlyFound(preview.counts));
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
      expect(found.filter((row) => !row.includes('has blocked'))).toEqual([]); // what the receipt calls mentions_in_text
    }
    expect(hits).toBe(SUBJECTS);
    for (let n = SUBJECTS; n < SUBJECTS + BYSTANDERS; n++) {
      expect(dump.filter(({ row }) => row.includes(nameOf(n))).length).toBeGreaterThan(8);
    }
    process.stdout.write(
      `erasure: ${hits} texts with ${SUBJECTS} subjects left in ${dump.length} rows and ${redis.length} Redis values\n`,
    );

    const verdict = verifyLines(await trail.export(tenant), {
      earlier: earlier.checkpoint,
      publicKeys: [earlier.public_key],
    });
    expect(verdict).toMatchObject({ ok: true, complete: true, problems: [] });
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

  it('keeps other people’s records as they are unless asked, and says how many mention the subject', async () => {
    const own = await newTenant('Common names');
    const events = [
      { event_type: 'login', user_id: '7' },
      { event_type: 'order', user_id: 'other', payload: { quantity: '7', text: 'Invoice 7 approved', 7: 7 } },
      { event_type: 'order', user_id: 'other', payload: { user_id: 7 } },
    ];
    await api.post('/events/batch', { events }, own.key);
    const entry = { action_type: 'UPDATE', resource_type: 'invoice', resource_id: '7', message: 'Invoice 7 approved' };
    await api.post('/logs', { ...entry, user_id: 'other' }, own.key);
    await api.post('/keys', { client_id: '7', name: '7' }, own.key);
    const [funnel, where] = ['Funnel of 7', { plan: '7' }];
    await api.post('/analytics/funnels', { name: funnel, steps: [{ event_type: '7', where }] }, own.key);
    const others = async () =>
      (await dumpDatabase(database)).filter(
        ({ table, row }) =>
          row.includes(own.id) &&
          /audit_entries|api_keys|saved_funnels|events_2/.test(table) &&
          !row.includes(',shop,shop,'),
      );
    const before = (await others()).filter(({ row }) => !row.includes('login'));
    const { receipt } = await erase({ user_id: '7' }, own.key);
    expect(receipt?.counts).toMatchObject({
      events: 1,
      entries_of: 0,
      mentions_in_events: 2,
      mentions_in_entries: 3,
      mentions_in_saved_funnels: 1,
    });
    expect(receipt?.not_covered).toContainEqual(expect.stringContaining('mentions_in_*'));
    expect(await others()).toEqual(expect.arrayContaining(before));
    expect(verifyLines(await trail.export(own.id)).ok).toBe(true);
  });

  it('redacts whole values on request: numbers that name a user, filters of exports, other letters of an address', async () => {
    const own = await newTenant('Mentions');
    const name = 'Ada.Q7@Example.com';
    const payload = { to: name.toLowerCase(), text: `for ${name}`, [name]: 1, amount: 1.5 };
    await api.post(
      '/events/batch',
      {
        events: [
          { event_type: 'x', user_id: name },
          { event_type: 'y', user_id: 'o', payload },
        ],
      },
      own.key,
    );
    await api.call('GET', `/logs/export?format=ndjson&user_id=${encodeURIComponent(name)}`, { key: own.key });
    const entry = { action_type: 'VIEW', resource_type: 'user', resource_id: name.toUpperCase(), user_id: 'o' };
    await api.post('/logs', { ...entry, metadata: { count: 3, whom: [name] } }, own.key);
    const about = (...values: unknown[]) => ({
      and: [
        { property: 'who', op: 'is', value: values[0] },
        { or: [{ property: 'payload.user_id', op: 'in', value: values.slice(1) }] },
        { property: name, op: 'is_set' },
        { property: 'text', op: 'contains', value: 'is' },
      ],
    });
    const steps = (who: string) => [
      { event_type: 'x', where: { who } },
      { event_type: 'x', filters: about(who, who, 'other', 4) },
    ];
    await api.post('/analytics/funnels', { name: 'of a user', steps: steps(name) }, own.key);
    await api.post('/segments', { name: 'of a user', filters: about(name, name, 'other', 4) }, own.key);
    const { receipt } = await erase({ user_id: name, mentions: 'redact' }, own.key);
    expect(receipt?.counts).toMatchObject({
      redacted_in_events: 1,
      redacted_in_entries: 4,
      redacted_in_saved_funnels: 1,
      redacted_in_saved_segments: 1,
    });
    const [event] = await database.query<{ payload: object }>(
      `select payload from events where tenant_id = $1 and event_type = 'y'`,
      [own.id],
    );
    expect(event?.payload).toEqual({ ...payload, to: '[redacted]' });
    const [saved] = (await api.get<{ data: { steps: unknown }[] }>('/analytics/funnels', own.key)).body.data;
    expect(saved?.steps).toEqual(steps('[redacted]'));
    const [segment] = (await api.get<{ data: { filters: unknown }[] }>('/segments', own.key)).body.data;
    expect(segment?.filters).toEqual(about('[redacted]', '[redacted]', 'other', 4));
    const entries = await database.query<Record<string, unknown>>(
      `select resource_type, resource_id, user_id, client_id, metadata from audit_entries where tenant_id = $1 and resource_type <> 'api_key' order by id`,
      [own.id],
    );
    expect(entries).toMatchObject([
      { resource_type: 'export', resource_id: 'audit-entries', client_id: 'shop', metadata: { user_id: '[redacted]' } },
      { resource_type: 'user', resource_id: '[redacted]', user_id: 'o', metadata: { count: 3, whom: ['[redacted]'] } },
      { resource_type: 'saved_funnel' },
      { resource_type: 'saved_segment' },
      { resource_type: 'erasure' },
    ]);
    expect(verifyLines(await trail.export(own.id)).ok).toBe(true);
    const preview = await dryRun(name, own.key);
    expect(preview.counts).toMatchObject({
      mentions_in_events: 0,
      mentions_in_entries: 0,
      mentions_in_saved_funnels: 0,
      mentions_in_saved_segments: 0,
    });
  });

  it('counts with dry_run, changes nothing and keeps no name', async () => {
    const own = await newTenant('Previews');
    const name = 'Preview-Q7@example.com';
    const events = [
      { event_type: 'a', user_id: name, session_id: 's' },
      { event_type: 'a', session_id: 's' },
      { event_type: 'a', user_id: name.toLowerCase() },
      { event_type: 'a', user_id: 'o', payload: { by: name } },
    ];
    await api.post('/events/batch', { events }, own.key);
    await api.post('/events/ingest', { event_type: 'b', user_id: name }, own.key);
    await counted();
    const before = await tenantRows(own.id);
    const preview = await dryRun(name, own.key);
    expect(preview).toMatchObject({
      dry_run: true,
      complete: true,
      counts: {
        events: 3,
        mentions_in_events: 1,
        sessions: 1,
        user_days: 1,
        session_days: 1,
        call_rows: 1,
        other_spellings: 1,
      },
      other_spellings: [name.toLowerCase()],
      subject_hmac: null,
      earlier_erasures: [],
    });
    expect(preview.not_covered.length).toBeGreaterThan(5);
    expect(await tenantRows(own.id)).toEqual(before);
  });

  it('asks for confirm where nothing is recorded under the user id, and says what mentions it', async () => {
    const own = await newTenant('Confirming');
    await api.post('/events/ingest', { event_type: 'a', user_id: 'o', payload: { by: 'nobody' } }, own.key);
    const refused = await api.post<Preview & { detail: string }>('/privacy/erasures', { user_id: 'nobody' }, own.key);
    expect(refused.status).toBe(422);
    expect(refused.body.detail).toContain('confirm: true');
    expect(refused.body.counts).toMatchObject({ events: 0, entries_of: 0, mentions_in_events: 1 });
    expect(await database.query('select from privacy_erasures where tenant_id = $1', [own.id])).toEqual([]);
    const { receipt } = await erase({ user_id: 'nobody', confirm: true, mentions: 'redact' }, own.key);
    expect(receipt?.counts).toMatchObject({ events: 0, redacted_in_events: 1 });
  });

  it('reaches anonymous ids that identify, alias and track tied to the subject and to nobody else', async () => {
    const own = await newTenant('Devices');
    const messages = [
      { type: 'page', anonymousId: 'phone' },
      { type: 'identify', userId: 'u1', anonymousId: 'phone' },
      { type: 'track', event: 'x', anonymousId: 'tablet' },
      { type: 'alias', userId: 'u1', previousId: 'tablet' },
      { type: 'page', anonymousId: 'kiosk' },
      { type: 'track', event: 'x', userId: 'u1', anonymousId: 'kiosk' },
      { type: 'track', event: 'x', userId: 'u2', anonymousId: 'kiosk' },
      { type: 'alias', userId: 'u1', previousId: 'u3' },
      { type: 'identify', userId: 'u3' },
    ];
    const response = await fetch(`${api.url}/v1/batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': own.key },
      body: JSON.stringify({ batch: messages }),
    });
    expect(await response.json()).toMatchObject({ accepted: messages.length });
    const { receipt } = await erase({ user_id: 'u1' }, own.key);
    expect(receipt?.counts).toMatchObject({ events: 6, anonymous_ids: 2, shared_anonymous_ids: 1, linked_user_ids: 1 });
    const left = await database.query<{ user_id: string }>(
      'select user_id from events where tenant_id = $1 and user_id is not null order by 1',
      [own.id],
    );
    expect(left.map(({ user_id }) => user_id)).toEqual(['kiosk', 'u2', 'u3']);
  });

  it('leaves shared sessions to those who share them, and all counts exact', async () => {
    const own = await newTenant('Sessions');
    const at = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    const events = [
      { event_type: 'x', user_id: 'u1', session_id: 'shared', event_time: at(3) },
      { event_type: 'x', user_id: 'u2', session_id: 'shared', event_time: at(2) },
      { event_type: 'x', session_id: 'shared', event_time: at(1) },
      { event_type: 'x', user_id: 'u1', session_id: 'alone', event_time: at(1) },
      { event_type: 'x', session_id: 'alone', event_time: at(1) },
      { event_type: 'x', user_id: 'u2', session_id: 'other', event_time: at(1) },
    ];
    await api.post('/events/batch', { events }, own.key);
    await counted();
    const { receipt } = await erase({ user_id: 'u1' }, own.key);
    expect(receipt?.counts).toMatchObject({ events: 3, sessions: 1, shared_sessions: 1 });
    const left = await database.query<{ session_id: string; n: string }>(
      `select session_id, count(*)::int as n from events where tenant_id = $1 and session_id is not null group by 1 order by 1`,
      [own.id],
    );
    expect(left).toEqual([
      { session_id: 'other', n: 1 },
      { session_id: 'shared', n: 2 },
    ]);
    const recount = new RecountService(trail.database);
    const all = { from: Date.now() - 10 * 86_400_000, to: Date.now() + 86_400_000 };
    expect(await recount.recount(all, { repair: false, tenantId: own.id })).toEqual([]);
    const { body } = await api.get<{ summary: { unique_sessions: number; unique_users: number } }>(
      '/analytics',
      own.key,
    );
    expect(body.summary).toMatchObject({ unique_sessions: 2, unique_users: 1 });
  });

  it('takes address and user agent from the person’s own calls, and paths in any spelling', async () => {
    const own = await newTenant('Calls');
    const name = 'c\u00e9line@example.com';
    const send = (user_id: string, event_id: string) =>
      api.call('POST', '/events/ingest', {
        key: own.key,
        body: { event_type: 'x', event_id, user_id },
        headers: { 'User-Agent': `agent of ${event_id}` },
      });
    await send(name, 'e 1');
    await send('other', 'e 2');
    const spelled = [...Buffer.from(name)].map((byte) => `%${byte.toString(16)}`).join('');
    for (const path of [encodeURIComponent(name), encodeURIComponent(name).toLowerCase(), spelled]) {
      await api.get(`/analytics/users/${path}/journey`, own.key);
    }
    await api.get('/events/e%201', own.key);
    await api.get('/events/e%202', own.key);
    await api.get(`/events/${spelled}`, own.key);
    const calls = () =>
      database.query<{ path: string; ip: string | null; user_agent: string | null }>(
        `select path, ip, user_agent from api_audit_logs where tenant_id = $1 and path not like '%privacy%' and path not like '%keys' order by timestamp`,
        [own.id],
      );
    await eventually(async () => expect(await calls()).toHaveLength(8));
    const { receipt } = await erase({ user_id: name }, own.key);
    expect(receipt?.counts).toMatchObject({ call_rows: 1, call_paths: 4, mentions_in_calls: 1 });
    const journey = '/api/v1/analytics/users/:user_id/journey';
    const rows = await calls();
    expect(rows.map(({ path }) => path).sort()).toEqual(
      [
        ...['/api/v1/events/ingest', '/api/v1/events/ingest', journey, journey, journey, '/api/v1/events/:id'],
        ...['/api/v1/events/e%202', `/api/v1/events/${spelled}`],
      ].sort(),
    );
    const ingested = rows.filter(({ path }) => path === '/api/v1/events/ingest');
    expect(ingested).toEqual([
      { path: '/api/v1/events/ingest', ip: null, user_agent: null },
      { path: '/api/v1/events/ingest', ip: expect.stringContaining('127.0.0.1'), user_agent: 'agent of e 2' },
    ]);
  });

  it('names the subject by an HMAC that only this tenant can make again, in receipt and leaf', async () => {
    const own = await newTenant('Receipts');
    await api.post('/logs', { action_type: 'VIEW', resource_type: 'x', resource_id: '1', user_id: 'u1' }, own.key);
    const erasure = await erase({ user_id: 'u1' }, own.key);
    expect(erasure.subject_hmac).toMatch(/^[0-9a-f]{64}$/);
    const preview = await dryRun('u1', own.key);
    expect(preview).toMatchObject({ subject_hmac: erasure.subject_hmac, earlier_erasures: [erasure.id] });
    expect((await dryRun('u2', own.key)).earlier_erasures).toEqual([]);
    const leaves = await database.query<{ leaf_index: number; leaf: string }>(
      `select leaf_index::int, convert_from(leaf, 'UTF8') as leaf from audit_leaves where tenant_id = $1 and kind = 'erasure'`,
      [own.id],
    );
    expect(erasure.receipt?.act_indexes).toEqual(leaves.map(({ leaf_index }) => leaf_index));
    expect(leaves.map(({ leaf }) => (JSON.parse(leaf) as { subject: string }).subject)).toEqual([erasure.subject_hmac]);
    const other = await newTenant('Other receipts');
    await api.post('/events/ingest', { event_type: 'x', user_id: 'u1' }, other.key);
    expect((await erase({ user_id: 'u1' }, other.key)).subject_hmac).not.toBe(erasure.subject_hmac);
  });

  it('is taken up where a killed worker left it', async () => {
    const name = nameOf(SUBJECTS);
    const { body } = await api.post<Erasure>('/privacy/erasures', { user_id: name, mentions: 'redact' }, key);
    // what a worker leaves that was killed a while ago
    await database.query(
      `update privacy_erasures set state = 'running', started_at = now(), leased_until = now() - interval '1 minute'
       where id = $1 and state <> 'completed'`,
      [body.id],
    );
    await eventually(async () => {
      expect((await api.get<Erasure>(`/privacy/erasures/${body.id}`, key)).body.state).toBe('completed');
    }, 30_000);
    const left = (await dumpDatabase(database)).filter(({ row }) => row.includes(name) && !row.includes('has blocked'));
    expect(left).toEqual([]);
  });

  it('refuses what is not a user id, and knows nothing of another tenant', async () => {
    for (const body of [
      {},
      { user_id: '' },
      { user_id: 'x'.repeat(256) },
      { user_id: 7 },
      { user_id: 'x', more: 1 },
      { user_id: 'x', mentions: 'all' },
      { user_id: 'x', dry_run: 'yes' },
    ]) {
      expect((await api.post('/privacy/erasures', body, key)).status).toBe(400);
    }
    const { body } = await api.post<Erasure>('/privacy/erasures', { user_id: 'nobody', confirm: true }, key);
    const other = await api.createKey(await api.createTenant('Other'), ['admin']);
    expect((await api.get(`/privacy/erasures/${body.id}`, other)).status).toBe(404);
    expect((await api.get('/privacy/erasures/nonsense', key)).status).toBe(404);
  });

  /** Without what every call changes, and what the sealer adds: `api_keys` notes when a key was used. */
  const tenantRows = async (id: string) =>
    (await dumpDatabase(database)).filter(
      ({ table, row }) =>
        row.includes(id) &&
        !/api_keys|api_audit_logs|bullmq|audit_(unsealed|leaves|nodes|trees|checkpoints)/.test(table),
    );

  const countQueued = async () => (await database.query(`select from ingest_batches where status = 'queued'`)).length;
});

/** Counts that a preview and a receipt have in common, days of the rollups aside: those are counted when they are rewritten. */
function onlyFound(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([name]) => !name.endsWith('_days')));
}
