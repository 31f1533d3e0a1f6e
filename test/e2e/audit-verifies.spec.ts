import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { OWN_RESOURCES } from '../../src/audit/entries/own-resources.js';
import { type Answer, PLATFORM_KEY } from '../support/api.js';
import { TestTrail, verifyLines } from '../support/audit-trail.js';
import { describeApi } from '../support/fixture.js';
import { protectedRoutes } from '../support/probes.js';
import { RandomValues } from '../support/random-values.js';

const SEED = Number(process.env['AUDIT_SEED'] ?? 1);
/** Of each route. */
const ROUNDS = 4;

/** What a route does to the trail of the caller. */
type Case = { writes: boolean; call: () => Promise<Answer<unknown>> };

const OPTIONS = { env: { RATE_LIMIT_REQUESTS: '1000000', ANALYTICS_CACHE_TTL_SECONDS: '0' } };

describeApi('an export after everything that writes entries', OPTIONS, (api, { database }) => {
  let trail: TestTrail;
  let tenant: string;
  let key: string;
  const values = new RandomValues(mulberry32(SEED));

  beforeAll(async () => {
    trail = new TestTrail(database.url);
    tenant = await api.createTenant('Acme');
    key = await api.createKey(tenant, ['admin']);
  });

  afterAll(() => trail.stop());

  const send = (method: string, path: string, body?: unknown, as = key) =>
    api.call<{ id: string }>(method, path, { key: as, ...(body === undefined ? {} : { body }) });

  async function download(path: string, query: string): Promise<Answer<string>> {
    const response = await fetch(`${api.url}/api/v1${path}?${query}`, { headers: { 'X-API-Key': key } });
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  const newId = async (path: string, body: unknown, as = key) => (await send('POST', path, body, as)).body.id;
  const newKey = () => newId('/keys', { client_id: values.text(), name: values.text() });
  const newEvent = () => newId('/events', { event_type: 'some', payload: values.object() });
  const newSegment = () => ({
    name: values.text() + performance.now(),
    filters: { property: 'a', op: 'in', value: [values.text(), 1] },
  });
  const newFunnel = () =>
    newId('/analytics/funnels', { name: values.text() + performance.now(), steps: [{ event_type: 'a' }] });

  /** Both are recorded. */
  async function signInAndOut(): Promise<Answer<unknown>> {
    const { headers } = await send('POST', '/auth/session', { key });
    const Cookie = headers.getSetCookie()[0]!.split(';')[0]!;
    const { body } = await api.call<{ session: { csrf_token: string } }>('GET', '/auth/info', {
      ...{ key: null, headers: { Cookie } },
    });
    return api.call('DELETE', '/auth/session', {
      ...{ key: null, headers: { Cookie, 'X-CSRF-Token': body.session.csrf_token } },
    });
  }

  /** Of nobody whose erasure is asked for here. */
  const newHold = () => ({
    reason: values.text(),
    user_id: 'held',
    ...values.some({ from: range.from, to: range.to }),
  });

  async function newFailedEvent(): Promise<string> {
    const id = await newEvent();
    await database.query(
      `insert into failed_events (tenant_id, event_id, reason, counted) values ($1, $2, 'x', false)`,
      [tenant, id],
    );
    await database.query(`update ingest_batches set status = 'processed'`);
    return id;
  }

  const entry = () => ({
    ...{ action_type: 'UPDATE', resource_type: 'order', resource_id: values.text() },
    ...values.some({
      ...{ severity: 'WARNING', user_id: values.text(), session_id: values.text(), ip_address: '2001:db8::1' },
      ...{ user_agent: values.text(), message: values.text(), status: values.text(), idempotency_key: values.text() },
      ...{ before_state: values.object(), after_state: [values.json()], metadata: values.object() },
      occurred_at: '2026-01-02T03:04:05.678901+05:30',
    }),
  });
  const auditEvent = () => ({
    ...{ functionality: 'Authenticate', event_type: 'Login', status: values.pick(['Success', 'Failed']) },
    ...values.some({
      ...{ store_id: values.below(2 ** 40), company_id: -values.below(2 ** 40), user: values.text() },
      ...{ message: values.text(), additional_data: values.object(), event_timestamp: '2026-01-02T03:04:05Z' },
    }),
  });
  const range = { from: '2026-01-01T00:00:00Z', to: '2036-01-01T00:00:00+01:00' };
  const keyFields = () =>
    values.some({ rate_limit: 5, rate_window_s: 60, event_limit: 7, expires_at: '2036-01-01T00:00:00Z' });
  const format = () => values.pick(['csv', 'xlsx', 'ndjson']);

  const writing = (call: Case['call']): Case => ({ writes: true, call });
  const silent = (call: Case['call']): Case => ({ writes: false, call });

  /** Every route that may change something, and every export. */
  const CASES: Record<string, Case> = {
    'POST /logs': writing(() => send('POST', '/logs', entry())),
    'POST /logs/bulk': writing(() => send('POST', '/logs/bulk', { logs: [entry(), {}, entry()] })),
    'POST /audit-events/create': writing(() => send('POST', '/audit-events/create', auditEvent())),
    'POST /audit-events/functionalities': writing(() =>
      send('POST', '/audit-events/functionalities', { functionality: values.text(), event_types: [values.text()] }),
    ),
    'GET /logs/export': writing(() =>
      download(
        '/logs/export',
        values.query({
          ...{ format: format(), tz: 'Asia/Kolkata', ...range, action_type: 'UPDATE', severity: 'WARNING' },
          ...{ resource_type: 'order', resource_id: values.text(), status: values.text(), user_id: values.text() },
          ...{ store_id: 7, q: 'words', message: values.text(), source: 'tidemark', client_id: values.text() },
        }),
      ),
    ),
    'GET /audit-events/export': writing(() =>
      download(
        '/audit-events/export',
        values.query({
          ...{ recent: 'true', tz: 'Asia/Kolkata', from_date: range.from, to_date: range.to, company_id: 3 },
          ...{ functionality: values.text(), store_id: 7, user: values.text(), message_pattern: 'x', page_size: 9 },
          page_number: 2,
        }),
      ),
    ),
    'GET /audit/logs/export': writing(() =>
      download(
        '/audit/logs/export',
        values.query({
          ...{
            format: values.pick(['csv', 'ndjson']),
            ...range,
            method: 'GET',
            endpoint: values.text(),
            status_code: 200,
          },
          ...{ min_status: 400, client_id: values.text() },
        }),
      ),
    ),
    'DELETE /logs/cleanup': writing(() => send('DELETE', `/logs/cleanup?${values.query({ older_than_days: 400 })}`)),
    'POST /tenants': writing(() => send('POST', '/tenants', { name: values.text() + performance.now() }, PLATFORM_KEY)),
    'PATCH /tenants/{id}': writing(async () => {
      const id = await newId('/tenants', { name: values.text() + performance.now() }, PLATFORM_KEY);
      const changes = { name: values.text() + performance.now(), ...values.some({ status: 'suspended' }) };
      return send('PATCH', `/tenants/${id}`, changes, PLATFORM_KEY);
    }),
    'POST /keys': writing(() =>
      send('POST', '/keys', {
        ...{ client_id: values.text(), name: values.text(), ...keyFields() },
        ...values.some({ scopes: ['read'] }),
      }),
    ),
    'PATCH /keys/{id}': writing(async () => {
      const changes = { name: values.text(), ...keyFields(), ...values.some({ is_active: false, scopes: ['write'] }) };
      return send('PATCH', `/keys/${await newKey()}`, changes);
    }),
    'POST /keys/{id}/rotate': writing(async () =>
      send('POST', `/keys/${await newKey()}/rotate`, values.some({ grace_s: 60 })),
    ),
    'DELETE /keys/{id}': writing(async () => send('DELETE', `/keys/${await newKey()}`)),
    'PUT /event-types/{event_type}/schema': writing(() =>
      send('PUT', `/event-types/${values.below(3)}/schema`, { schema: { title: values.text(), const: values.json() } }),
    ),
    'DELETE /event-types/{event_type}/schema': writing(async () => {
      await send('PUT', '/event-types/gone/schema', { schema: { const: values.json() } });
      return send('DELETE', '/event-types/gone/schema');
    }),
    'POST /analytics/funnels': writing(() =>
      send('POST', '/analytics/funnels', {
        ...{ name: values.text() + performance.now(), steps: [{ event_type: values.text() }] },
        ...values.some({ window_s: 60 }),
      }),
    ),
    'DELETE /analytics/funnels/{id}': writing(async () => send('DELETE', `/analytics/funnels/${await newFunnel()}`)),
    'POST /segments': writing(() => send('POST', '/segments', newSegment())),
    'PATCH /segments/{id}': writing(async () =>
      send('PATCH', `/segments/${await newId('/segments', newSegment())}`, newSegment()),
    ),
    'DELETE /segments/{id}': writing(async () => send('DELETE', `/segments/${await newId('/segments', newSegment())}`)),
    'POST /privacy/erasures': writing(() =>
      send('POST', '/privacy/erasures', { user_id: values.text(), confirm: true }),
    ),
    'PUT /retention/policies': writing(() =>
      send('PUT', '/retention/policies', {
        days: 1 + values.below(900),
        ...values.some({ event_type: values.text() }),
      }),
    ),
    'PUT /retention/holds': writing(() => send('PUT', '/retention/holds', newHold())),
    'DELETE /retention/holds/{id}': writing(async () => {
      const { body } = await send('PUT', '/retention/holds', newHold());
      return send('DELETE', `/retention/holds/${body.id}`);
    }),
    'POST /events/failed/{id}/retry': writing(async () =>
      send('POST', `/events/failed/${await newFailedEvent()}/retry`, { payload: values.object() }),
    ),
    'DELETE /events/failed/{id}': writing(async () => send('DELETE', `/events/failed/${await newFailedEvent()}`)),
    'POST /events/failed/retry': silent(() => send('POST', '/events/failed/retry')),
    'DELETE /auth/session': writing(signInAndOut),
    'POST /auth/token': silent(() => send('POST', '/auth/token', {})),
    'POST /generate-sample-data/{num_events}': silent(() => send('POST', '/generate-sample-data/3', {})),
    'POST /analytics/funnel': silent(() =>
      send('POST', '/analytics/funnel', { steps: [{ event_type: 'a' }, { event_type: 'b' }] }),
    ),
    'POST /analytics/query': silent(() => send('POST', '/analytics/query', { measure: 'events' })),
    'POST /events': silent(() => send('POST', '/events', { event_type: 'some' })),
    'POST /events/ingest': silent(() => send('POST', '/events/ingest', { event_type: 'some' })),
    'POST /events/batch': silent(() => send('POST', '/events/batch', { events: [{ event_type: 'some' }] })),
    'PUT /events/{id}/enrich': silent(async () =>
      send('PUT', `/events/${await newEvent()}/enrich`, { additional_properties: values.object() }),
    ),
    'POST /../../v1/batch': silent(() =>
      send('POST', '/../../v1/batch', { batch: [{ type: 'track', event: 'some' }] }),
    ),
    'POST /../../v1/track': silent(() => send('POST', '/../../v1/track', { event: 'some', userId: 'ada' })),
    'POST /../../v1/alias': silent(() => send('POST', '/../../v1/alias', { userId: 'ada' })),
    'POST /../../v1/group': silent(() => send('POST', '/../../v1/group', { userId: 'ada' })),
    'POST /../../v1/identify': silent(() => send('POST', '/../../v1/identify', { userId: 'ada' })),
    'POST /../../v1/page': silent(() => send('POST', '/../../v1/page', { userId: 'ada' })),
    'POST /../../v1/screen': silent(() => send('POST', '/../../v1/screen', { userId: 'ada' })),
  };

  const countEntries = async () =>
    (await database.query<{ n: number }>('select count(*)::int as n from audit_entries'))[0]!.n;

  it('knows every route of the application that may write one', () => {
    const routes = protectedRoutes().filter(({ method, path }) => method !== 'GET' || path.endsWith('/export'));
    expect(Object.keys(CASES).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it.each(Object.keys(CASES))('%s leaves a trail that verifies', async (route) => {
    const { writes, call } = CASES[route]!;
    for (let n = 0; n < ROUNDS; n++) {
      const before = await countEntries();
      const { status, body } = await call();
      expect([status < 300, body]).toEqual([true, body]);
      if (writes) expect(await countEntries()).toBeGreaterThan(before);
      else expect(await countEntries()).toBe(before);
    }
    await trail.sealAll();
    for (const owner of [tenant, DEFAULT_TENANT_ID]) {
      const verdict = verifyLines(await trail.export(owner));
      expect([verdict.problems, verdict.ok, verdict.complete]).toEqual([[], true, true]);
    }
  });

  it('verifies as it is downloaded, with the record of earlier exports in it', async () => {
    await trail.sealAll();
    const before = await download('/logs/export', 'format=ndjson');
    await trail.sealAll();
    const { body } = await download('/logs/export', 'format=ndjson');
    const { problems, entries } = verifyLines(body.split('\n').slice(0, -1));
    expect(problems.filter((problem) => !problem.includes('not sealed yet'))).toEqual([]);
    expect(entries).toBeGreaterThan(before.body.split('\n').length - 1);
  });

  it('marks what Tidemark itself recorded, which nobody else can', async () => {
    const sources = await database.query<{ source: string; types: string[] }>(
      `select source, array_agg(distinct resource_type order by resource_type) as types from audit_entries
       group by source order by source`,
    );
    expect(sources).toEqual([
      { source: 'api', types: ['Authenticate', 'order'] },
      { source: 'tidemark', types: [...OWN_RESOURCES] },
    ]);
    for (const resourceType of [...OWN_RESOURCES, ' Api_Key ', 'ａｐｉ＿ｋｅｙ']) {
      const reserved = { action_type: 'CREATE', resource_type: resourceType, resource_id: '1' };
      const before = await countEntries();
      const one = await send('POST', '/logs', reserved);
      expect([one.status, one.body]).toEqual([
        422,
        expect.objectContaining({
          errors: [{ path: 'resource_type', message: expect.stringContaining('only Tidemark itself') as string }],
        }),
      ]);
      expect((await send('POST', '/logs/bulk', { logs: [reserved, reserved] })).status).toBe(422);
      const mixed = await send('POST', '/logs/bulk', { logs: [reserved, {}] });
      expect(mixed.status).toBe(400);
      const functionality = { functionality: resourceType, event_types: ['x'] };
      expect((await send('POST', '/audit-events/functionalities', functionality)).status).toBe(422);
      const event = { functionality: resourceType, event_type: 'x', status: 'Success' };
      expect((await send('POST', '/audit-events/create', event)).status).toBe(422);
      expect(await countEntries()).toBe(before);
      const some = await send('POST', '/logs/bulk', { logs: [reserved, entry()] });
      expect([some.status, some.body]).toEqual([201, expect.objectContaining({ created: 1, rejected: 1 })]);
    }
  });
});
