import pg from 'pg';
import { PLATFORM_KEY } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { protectedRoutes, type Route } from '../support/probes.js';

/** Stands in every text of the other tenant; no answer to anybody else may contain it. */
const CANARY = 'canary-7f3a';

interface Probe extends Route {
  credential: string;
  headers: Record<string, string>;
  url: string;
  status: number;
  text: string;
}

const ENTRY = { action_type: 'VIEW', resource_type: 'probe', resource_id: 'probe' };

const BODIES: Record<string, unknown> = {
  'POST /tenants': { name: 'probe' },
  'PATCH /tenants/{id}': { name: 'probe' },
  'POST /keys': { client_id: 'probe', name: 'probe' },
  'PATCH /keys/{id}': { name: 'probe' },
  'POST /events': { event_type: 'probe' },
  'POST /events/ingest': { event_type: 'probe' },
  'POST /privacy/erasures': { user_id: 'probe', confirm: true },
  'POST /../../v1/batch': { batch: [{ type: 'track', event: 'probe' }] },
  'POST /../../v1/track': { event: 'probe' },
  'POST /../../v1/alias': { userId: 'probe' },
  'POST /../../v1/group': { userId: 'probe' },
  'POST /../../v1/identify': { userId: 'probe' },
  'POST /../../v1/page': { userId: 'probe' },
  'POST /../../v1/screen': { userId: 'probe' },
  'POST /events/batch': { events: [{ event_type: 'probe' }] },
  'PUT /event-types/{event_type}/schema': { schema: true },
  'PUT /events/{id}/enrich': { additional_properties: { probe: 1 } },
  'POST /events/failed/{id}/retry': { payload: { probe: 1 } },
  'POST /audit-events/create': { functionality: 'Authenticate', event_type: 'Login', status: 'Success' },
  'POST /audit-events/functionalities': { functionality: 'Probing', event_types: ['probe'] },
  'POST /generate-sample-data/{num_events}': {},
  'POST /logs': ENTRY,
  'POST /logs/bulk': { logs: [ENTRY] },
  'POST /analytics/funnel': { steps: [{ event_type: 'probe' }, { event_type: 'probe' }], group_by: 'client_id' },
  'POST /segments': { name: 'probe', filters: { property: 'probe', op: 'is_set' } },
  'PATCH /segments/{id}': { name: 'probed' },
  'POST /analytics/query': { measure: 'users', breakdown: ['client_id', 'event_type'] },
  'PUT /retention/policies': { days: 36_500 },
  'PUT /retention/holds': { reason: 'probe', user_id: 'probe' },
  'POST /analytics/funnels': { name: 'probe', steps: [{ event_type: 'probe' }] },
};

const OPTIONS = { env: { RATE_LIMIT_REQUESTS: '1000000', ANALYTICS_CACHE_TTL_SECONDS: '0' } };

describeApi('a tenant, seen from another', OPTIONS, (api, { database }) => {
  let own: string;
  let foreign: string;
  let credentials: Record<string, Record<string, string>>;
  let ids: string[];

  beforeAll(async () => {
    own = await api.createTenant('Own');
    foreign = await api.createTenant(`${CANARY} Ltd`);
    credentials = await makeCredentials();
    ids = await plantCanaries();
  });

  async function makeCredentials(): Promise<Record<string, Record<string, string>>> {
    const keys = Object.fromEntries(
      await Promise.all(
        (['track', 'read', 'write', 'admin'] as const).map(
          async (scope) => [scope, await api.createKey(own, [scope])] as const,
        ),
      ),
    );
    const [revoked, expired] = [
      await api.createKey(own, ['admin'], 'revoked'),
      await api.createKey(own, ['admin'], 'expired'),
    ];
    await database.query(`update api_keys set is_active = false where client_id = 'revoked'`);
    await database.query(`update api_keys set expires_at = now() - interval '1 day' where client_id = 'expired'`);
    const { body } = await api.post<{ access_token: string }>('/auth/token', {}, keys['admin']);
    const key = (value: string) => ({ 'X-API-Key': value });
    return {
      none: {},
      'made up': key(`tmk_${'a'.repeat(16)}_${'b'.repeat(43)}`),
      revoked: key(revoked),
      expired: key(expired),
      track: key(keys['track']!),
      read: key(keys['read']!),
      write: key(keys['write']!),
      admin: key(keys['admin']!),
      token: { Authorization: `Bearer ${body.access_token}` },
      'admin reaching out': { ...key(keys['admin']!), 'X-Tenant-Id': foreign },
      'token reaching out': { Authorization: `Bearer ${body.access_token}`, 'X-Tenant-Id': foreign },
    };
  }

  /** Fills the other tenant. @returns ids of things in it, and ids that exist nowhere */
  async function plantCanaries(): Promise<string[]> {
    const as = { key: PLATFORM_KEY, headers: { 'X-Tenant-Id': foreign } };
    const key = await api.call<{ id: string; key: string }>('POST', '/keys', {
      ...as,
      body: { client_id: `${CANARY}-app`, name: CANARY, scopes: ['admin'] },
    });
    const event = await api.post<{ id: string }>(
      '/events',
      {
        event_type: `${CANARY}-type`,
        event_id: `${CANARY}-id`,
        user_id: CANARY,
        session_id: CANARY,
        payload: { [CANARY]: CANARY },
      },
      key.body.key,
    );
    await api.call('PUT', `/event-types/their-type/schema`, {
      key: key.body.key,
      body: { schema: { const: CANARY } },
    });
    const entry = await api.post<{ id: string }>(
      '/logs',
      {
        ...{ action_type: 'UPDATE', resource_type: CANARY, resource_id: CANARY, user_id: CANARY, message: CANARY },
        ...{ before_state: { [CANARY]: 1 }, metadata: { [CANARY]: CANARY }, idempotency_key: CANARY },
      },
      key.body.key,
    );
    await api.post('/audit-events/functionalities', { functionality: CANARY, event_types: [CANARY] }, key.body.key);
    await api.post(
      '/audit-events/create',
      { functionality: CANARY, event_type: CANARY, status: 'Failed', user: CANARY, message: CANARY },
      key.body.key,
    );
    await api.get(`/events/${CANARY}`, key.body.key);
    await eventually(async () => {
      const rows = await database.query('select id from api_audit_logs where tenant_id = $1', [foreign]);
      expect(rows.length).toBeGreaterThan(1);
    });
    await database.query(`insert into failed_events (tenant_id, event_id, reason) values ($1, $2, $3)`, [
      foreign,
      event.body.id,
      CANARY,
    ]);
    for (const granularity of ['minute', 'hour', 'day']) {
      await database.query(
        `insert into event_rollups_${granularity}
         select $1, date_bin('1 ${granularity}', now() - interval '3 hours', '1970-01-01 00:00Z'), $2, $3, 1, 0`,
        [foreign, `${CANARY}-app`, `${CANARY}-type`],
      );
      await database.query(
        `insert into event_totals_${granularity}
         select $1, date_bin('1 ${granularity}', now() - interval '3 hours', '1970-01-01 00:00Z'), $2, 1, 0`,
        [foreign, `${CANARY}-type`],
      );
    }
    await database.query(
      `insert into user_days (tenant_id, day, user_key, first_time, last_time, count, user_id)
       select $1, date_bin('1 day', at, '1970-01-01 00:00Z'), subject_key($2), at, at, 1, $2
       from (values (now() - interval '3 hours')) v (at)`,
      [foreign, CANARY],
    );
    const funnel = await api.post<{ id: string }>(
      '/analytics/funnels',
      { name: CANARY, steps: [{ event_type: CANARY }] },
      key.body.key,
    );
    const filters = { property: CANARY, op: 'is', value: CANARY };
    const segment = await api.post<{ id: string }>('/segments', { name: CANARY, filters }, key.body.key);
    const hold = await api.put<{ id: string }>('/retention/holds', { reason: CANARY, user_id: CANARY }, key.body.key);
    await api.put('/retention/policies', { event_type: CANARY, days: 36_500 }, key.body.key);
    await database.query(
      `insert into audit_archives (tenant_id, id, month, state, file, first_id, last_id, leaves, entries, occurred_from,
                                   occurred_to, tree_size, root_hash, sha256, bytes)
       values ($1, gen_random_uuid(), '2026-01-01', 'stored', $2, gen_random_uuid(), gen_random_uuid(), '{[0,1)}', 1,
               now(), now(), 1, '', '', 1)`,
      [foreign, CANARY],
    );
    const [job] = await database.query<{ id: string }>(
      `insert into jobs (tenant_id, id, name, parameters, total, client_id, error)
       values ($1, gen_random_uuid(), 'generate-sample-data', $2::jsonb, 1, $3, $3) returning id`,
      [foreign, JSON.stringify({ seed: 1, until: new Date(), days: 30 }), CANARY],
    );
    return [
      event.body.id,
      job!.id,
      key.body.id,
      entry.body.id,
      funnel.body.id,
      segment.body.id,
      hold.body.id,
      foreign,
      'their-type',
      '01a1fb00-0000-7000-8000-000000000000',
      `%27%20or%201%3D1%20--`,
    ];
  }

  async function probe(route: Route, credential: string, id: string, query: string): Promise<Probe> {
    const url = `${route.path.replace(/\{\w+\}/, id)}${query}`;
    const headers = { ...credentials[credential] };
    const body = BODIES[`${route.method} ${route.path}`];
    const response = await fetch(`${api.url}/api/v1${url}`, {
      method: route.method,
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = [await response.text(), ...[...response.headers].flat()].join('\n');
    return { ...route, credential, headers, url, status: response.status, text };
  }

  /** Every route × credential × id (× a way to ask for more). */
  async function probeAll(routes = protectedRoutes()): Promise<Probe[]> {
    const probes: Promise<Probe>[] = [];
    for (const route of routes) {
      for (const credential of Object.keys(credentials)) {
        const queries =
          route.method === 'GET'
            ? ['', `?tenant_id=${foreign}`, '?limit=1000', '?from=2020-01-01T00:00:00Z', `?q=canary`]
            : [''];
        for (const id of route.path.includes('{') ? ids : ['']) {
          for (const query of queries) probes.push(probe(route, credential, id, query));
        }
        if (probes.length > 100) await Promise.all(probes.slice(-100));
      }
    }
    return Promise.all(probes);
  }

  const leaks = (probes: Probe[]) => probes.filter(({ text }) => text.includes(CANARY)).map(describeProbe);
  const describeProbe = ({ method, url, credential, status }: Probe) => `${method} ${url} as ${credential} → ${status}`;

  it('does not exist: no byte of it in any answer, no change to it by any request', async () => {
    const probes = await probeAll();
    expect(probes.length).toBeGreaterThanOrEqual(1_000);
    expect(leaks(probes)).toEqual([]);
    const wronglyAllowed = probes.filter(
      ({ credential, status }) =>
        ['none', 'made up', 'revoked', 'expired'].includes(credential) && ![401, 403, 429].includes(status),
    );
    expect(wronglyAllowed.map(describeProbe)).toEqual([]);
    const reached = probes.filter(
      ({ path, url, status }) => /\{(job_)?id\}/.test(path) && ids.some((id) => url.includes(id)) && status < 300,
    );
    expect(reached.map(describeProbe)).toEqual([]);
    expect(probes.filter(({ status }) => status >= 500).map(describeProbe)).toEqual([]);
    const [tenant] = await database.query('select name, status from tenants where id = $1', [foreign]);
    expect(tenant).toEqual({ name: `${CANARY} Ltd`, status: 'active' });
    const changed = await database.query(
      'select id from api_keys where tenant_id = $1 and (name <> $2 or not is_active)',
      [foreign, CANARY],
    );
    expect(changed).toEqual([]);
    const [hold] = await database.query('select released_at from retention_holds where tenant_id = $1', [foreign]);
    expect(hold).toEqual({ released_at: null });
    const deadLetters = await database.query('select state, attempts from failed_events where tenant_id = $1', [
      foreign,
    ]);
    expect(deadLetters).toEqual([{ state: 'open', attempts: 1 }]);
  }, 120_000);

  it('still does not exist when every statement forgets its tenant: row-level security holds alone', async () => {
    const restore = forgetTenants();
    const found = leaks(await probeAll());
    restore();
    expect(found).toEqual([]);
  }, 120_000);

  it('would be found by these probes if row-level security were off as well', async () => {
    const restore = forgetTenants();
    for (const table of [
      'api_keys',
      'events',
      'event_rollups_minute',
      'event_rollups_hour',
      'event_rollups_day',
      'event_rollups_ten_minutes',
      'event_totals_minute',
      'event_totals_ten_minutes',
      'event_totals_hour',
      'event_totals_day',
      'api_audit_logs',
      'event_type_schemas',
      'audit_entries',
      'audit_archives',
      'retention_holds',
      'retention_policies',
      'failed_events',
      'user_days',
      'saved_funnels',
      'saved_segments',
      'functionality_event_types',
      'jobs',
    ]) {
      await database.query(`alter policy tenant_rows on ${table} using (true)`);
    }
    // What is read leaks; what is written would take as long again.
    const found = leaks(await probeAll(protectedRoutes().filter(({ method }) => method === 'GET')));
    restore();
    const leaking = new Set(found.map((leak) => leak.replace(/(\?| as ).*/, '')));
    for (const route of [
      'GET /events',
      'GET /events/failed',
      'GET /event-types',
      'GET /keys',
      'GET /audit/logs/export',
      'GET /logs',
      'GET /logs/archives',
      'GET /retention/holds',
      'GET /retention/policies',
      'GET /analytics',
      'GET /logs/export',
      'GET /logs/stats',
      'GET /audit-events/recent',
      'GET /audit-events/search',
      'GET /analytics/events-by-type',
      'GET /analytics/funnels',
      'GET /segments',
    ]) {
      expect(leaking).toContain(route);
    }
    expect([...leaking].some((route) => route.startsWith('GET /jobs/'))).toBe(true);
  }, 120_000);
});

/** Makes every SQL statement of this process true for any tenant. @returns what undoes it */
function forgetTenants(): () => void {
  const prototype = pg.Client.prototype as { query: (config: unknown, ...rest: unknown[]) => unknown };
  const { query } = prototype;
  prototype.query = function (config, ...rest) {
    if (typeof config === 'string') return query.call(this, forget(config), ...rest);
    if (isNamed(config))
      return query.call(this, { ...config, name: `${config.name}!`, text: forget(config.text) }, ...rest);
    return query.call(this, config, ...rest);
  };
  return () => void (prototype.query = query);
}

function isNamed(config: unknown): config is { name: string; text: string } {
  return typeof (config as { text?: unknown } | null)?.text === 'string' && 'name' in (config as object);
}

const forget = (text: string) => text.replace(/(?:\w+\.|"\w+"\.)?"?tenant_id"? = (\$\d+)/g, '($1::uuid is not null)');
