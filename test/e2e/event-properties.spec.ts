import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

interface Breakdown {
  total: number;
  property_seen: boolean;
  data: { value: unknown; count: number }[];
}
interface Funnel {
  steps: { users: number }[];
  groups?: { value: string | null; steps: { users: number }[] }[];
  unseen_properties?: string[];
}
interface Events {
  from: string;
  to: string;
  data: { event_id: string }[];
  unseen_properties?: string[];
}

const PHONE =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36';
const DESKTOP = 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

/** What every event of these tests has, by its event_id: payload, and what is added later. */
const EVENTS: Record<string, { payload: Record<string, unknown>; added?: Record<string, unknown>; agent?: string }> = {
  a: { payload: { plan: 'pro', data: { ip: '192.0.2.1', port: 80 } }, added: { user_segment: 'vip' }, agent: PHONE },
  b: { payload: { plan: 'free', data: { ip: '192.0.2.2', port: 80 } }, added: { user_segment: 'vip' }, agent: DESKTOP },
  c: { payload: { plan: null, data: { ip: '192.0.2.1' } }, added: { geo: { city: 'Köln' } }, agent: PHONE },
  // the key with the dots in it, beside the nested one of the same spelling
  d: { payload: { 'data.ip': 'literal', data: { ip: 'nested' }, items: [{ sku: 'x-1' }] }, agent: PHONE },
  // a dot in the middle of the way, names that are also those of fields and of roots
  e: { payload: { http: { 'status.code': 404 }, client_id: 'mine', 'payload.x': 1, enrichment: { y: 2 } } },
  // a client's own context has precedence
  f: { payload: {}, added: { context: { device: 'fridge' } }, agent: PHONE },
};

describeApi('properties of events, nested and added', { workers: 1, env: { RATE_LIMIT_REQUESTS: '10000' } }, (api) => {
  let key: string;
  let tenant: string;
  const eventType = { event_type: 'seen' };

  beforeAll(async () => {
    tenant = await api.createTenant('Acme');
    key = await api.createKey(tenant, ['read', 'write']);
    for (const [event_id, { payload, added, agent }] of Object.entries(EVENTS)) {
      const body = { ...eventType, event_id, user_id: `user of ${event_id}`, payload };
      const headers: Record<string, string> = agent === undefined ? {} : { 'User-Agent': agent };
      expect((await api.call('POST', '/events', { key, body, headers })).status).toBe(202);
      if (added === undefined) continue;
      const enriched = { key, body: { additional_properties: added } };
      expect((await api.call('PUT', `/events/${event_id}/enrich`, enriched)).status).toBe(200);
    }
    await eventually(async () => {
      const { body } = await api.get<{ pending_events: number }>('/analytics/queue-status', key);
      expect(body.pending_events).toBe(0);
    });
  });

  const breakdown = async (property: string) =>
    (await api.get<Breakdown>(`/analytics/breakdown?property=${encodeURIComponent(property)}`, key)).body;
  const counts = async (property: string) =>
    Object.fromEntries((await breakdown(property)).data.map(({ value, count }) => [JSON.stringify(value), count]));
  const funnel = async (where?: Record<string, unknown>, group_by?: string) => {
    const step = where === undefined ? eventType : { ...eventType, where };
    const body = { steps: [step], ...(group_by === undefined ? {} : { group_by }) };
    return (await api.post<Funnel>('/analytics/funnel', body, key)).body;
  };
  const list = async (where: unknown) => {
    const text = typeof where === 'string' ? where : JSON.stringify(where);
    return (await api.get<Events>(`/events?where=${encodeURIComponent(text)}`, key)).body;
  };

  /** Name of a property and the events that have each of its values. */
  const VALUES: [property: string, values: [value: string | number | null, events: string[]][]][] = [
    [
      'plan',
      [
        ['pro', ['a']],
        ['free', ['b']],
        [null, ['c']],
      ],
    ],
    [
      'payload.plan',
      [
        ['pro', ['a']],
        ['free', ['b']],
        [null, ['c']],
      ],
    ],
    [
      'data.ip',
      [
        ['192.0.2.1', ['a', 'c']],
        ['192.0.2.2', ['b']],
        ['literal', ['d']],
      ],
    ],
    [
      'payload.data.ip',
      [
        ['192.0.2.1', ['a', 'c']],
        ['192.0.2.2', ['b']],
        ['literal', ['d']],
      ],
    ],
    ['payload.data.port', [[80, ['a', 'b']]]],
    ['items.0.sku', [['x-1', ['d']]]],
    ['http.status\\.code', [[404, ['e']]]],
    ['payload.client_id', [['mine', ['e']]]],
    ['client_id', [['shop', ['a', 'b', 'c', 'd', 'e', 'f']]]],
    ['user_id', Object.keys(EVENTS).map((id) => [`user of ${id}`, [id]])],
    ['payload.payload.x', [[1, ['e']]]],
    ['payload.enrichment.y', [[2, ['e']]]],
    ['enrichment.user_segment', [['vip', ['a', 'b']]]],
    ['enrichment.geo.city', [['Köln', ['c']]]],
    [
      'enrichment.context.user_agent',
      [
        [PHONE, ['a', 'c', 'd']],
        [DESKTOP, ['b']],
      ],
    ],
    [
      'enrichment.context.device',
      [
        ['mobile', ['a', 'c', 'd']],
        ['desktop', ['b']],
        ['fridge', ['f']],
        ['other', ['e']],
      ],
    ],
    [
      'enrichment.context.browser.name',
      [
        ['Chrome', ['a', 'c', 'd']],
        ['Firefox', ['b']],
      ],
    ],
  ];

  it.each(VALUES)('counts, follows, groups and lists by %s', async (property, values) => {
    const expected = Object.fromEntries(values.map(([value, events]) => [JSON.stringify(value), events.length]));
    expect(await counts(property)).toMatchObject(expected);
    expect((await breakdown(property)).property_seen).toBe(true);
    const groups = (await funnel(undefined, property)).groups ?? [];
    for (const [value, events] of values) {
      const where = { [property]: value };
      expect((await funnel(where)).steps).toMatchObject([{ users: events.length }]);
      const { data, unseen_properties } = await list(where);
      expect([data.map(({ event_id }) => event_id).sort(), unseen_properties]).toEqual([events, undefined]);
      if (value === null) continue; // as a group it is with those that lack the property
      const group = groups.find((one) => one.value === String(value));
      expect(group?.steps).toMatchObject([{ users: events.length }]);
    }
  });

  it('reaches what stands beside a key with dots by another spelling only', async () => {
    expect(await counts('data.ip')).not.toHaveProperty('"nested"');
    expect((await list({ 'payload.data.ip': 'nested' })).data).toEqual([]);
    expect(await counts('enrichment.context.device')).not.toHaveProperty('"Köln"');
  });

  it('combines conditions on several properties', async () => {
    const where = { 'enrichment.user_segment': 'vip', 'data.port': 80, 'enrichment.context.device': 'mobile' };
    expect((await list(where)).data).toMatchObject([{ event_id: 'a' }]);
    expect((await funnel(where)).steps).toMatchObject([{ users: 1 }]);
  });

  it('says of a property that never occurred that it did not, and of a value nothing', async () => {
    for (const property of [
      'payload.data.ipp',
      'enrichment.segment',
      'enrichment.context.colour',
      'a..b',
      '.',
      'a\\',
    ]) {
      expect(await breakdown(property)).toMatchObject({ total: 0, property_seen: false, data: [] });
      expect((await funnel({ [property]: 'x' })).unseen_properties).toEqual([property]);
      expect((await funnel(undefined, property)).unseen_properties).toEqual([property]);
      expect(await list({ [property]: 'x' })).toMatchObject({ data: [], unseen_properties: [property] });
    }
    expect(await funnel({ plan: 'gold' })).not.toHaveProperty('unseen_properties');
    expect(await list({ plan: 'gold' })).not.toHaveProperty('unseen_properties');
    expect(await funnel({ plan: 'pro' })).not.toHaveProperty('unseen_properties');
  });

  it('are shown with the events of a user', async () => {
    const user = encodeURIComponent('user of a');
    const enrichment = { user_segment: 'vip', context: { device: 'mobile', browser: { name: 'Chrome' } } };
    const { body: overview } = await api.get<{ recent_events: unknown[] }>(`/analytics?user_id=${user}`, key);
    expect(overview.recent_events).toMatchObject([{ event_id: 'a', enrichment }]);
    const { body: journey } = await api.get<{ sessions: unknown[] }>(`/analytics/users/${user}/journey`, key);
    expect(journey.sessions).toMatchObject([{ events: [{ event_id: 'a', enrichment }] }]);
  });

  it.each([
    'plan=pro',
    '[]',
    '"x"',
    'null',
    '{"a":{"b":1}}',
    '{"":1}',
    '{"a\\u0000":1}',
    '{"a":"\\ud800"}',
    JSON.stringify(Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`p${n}`, 1]))),
  ])('refuses %s as conditions', async (where) => {
    const { status, body } = await api.get<{ detail: string; errors: { path: string }[] }>(
      `/events?where=${encodeURIComponent(where)}`,
      key,
    );
    expect([status, body.errors.map(({ path }) => path)]).toEqual([400, ['where']]);
  });

  /** Filters, and the events that fit. */
  const FILTERED: [filter: object, events: string[]][] = [
    [{ property: 'enrichment.context.device', op: 'in', value: ['mobile', 'fridge'] }, ['a', 'c', 'd', 'f']],
    [{ property: 'enrichment.context.browser.name', op: 'starts_with', value: 'Fire' }, ['b']],
    [{ property: 'enrichment.context.user_agent', op: 'matches', value: '(?i)pixel \\d' }, ['a', 'c', 'd']],
    [{ property: 'plan', op: 'is_not', value: 'pro' }, ['b', 'c', 'd', 'e', 'f']],
    [{ property: 'plan', op: 'is_set' }, ['a', 'b']],
    [{ property: 'http.status\\.code', op: 'gte', value: 400 }, ['e']],
    [{ property: 'event_time', op: 'gte', value: '2026-01-01' }, Object.keys(EVENTS)],
    [{ property: 'user_id', op: 'contains', value: 'of b' }, ['b']],
    [
      {
        or: [
          { property: 'geo.city', op: 'is', value: 'x' },
          {
            and: [
              { property: 'data.port', op: 'is', value: 80 },
              { property: 'plan', op: 'not_contains', value: 'r' },
            ],
          },
          { property: 'enrichment.geo.city', op: 'contains', value: 'öl' },
        ],
      },
      ['c'],
    ],
  ];

  it.each(FILTERED)('are filtered by %j, wherever a filter stands', async (filter, events) => {
    const filters = `filters=${encodeURIComponent(JSON.stringify(filter))}`;
    const get = async <T>(path: string) => (await api.get<T>(path, key)).body;
    const { data } = await get<Events>(`/events?${filters}`);
    expect(data.map(({ event_id }) => event_id).sort()).toEqual(events);
    const users = events.map((id) => [`user of ${id}`, 1]);
    const values = (await get<Breakdown>(`/analytics/breakdown?property=user_id&${filters}`)).data;
    expect(Object.fromEntries(values.map(({ value, count }) => [value, count]))).toEqual(Object.fromEntries(users));
    const steps = [{ ...eventType, filters: filter }];
    expect((await api.post<Funnel>('/analytics/funnel', { steps }, key)).body.steps).toMatchObject([
      { users: events.length },
    ]);
    const saved = { name: JSON.stringify(filter).slice(0, 200), steps };
    const { body: funnel } = await api.post<{ id: string; steps: unknown }>('/analytics/funnels', saved, key);
    expect(funnel.steps).toEqual(steps);
    expect((await get<Funnel>(`/analytics/funnels/${funnel.id}/result`)).steps).toMatchObject([
      { users: events.length },
    ]);
    const { summary } = await get<{ summary: object }>(`/analytics?${filters}`);
    expect(summary).toMatchObject({ total_events: events.length, unique_users: events.length });
    const cohorts = (await get<{ data: { users: number }[] }>(`/analytics/retention?${filters}`)).data;
    expect(cohorts.reduce((sum, cohort) => sum + cohort.users, 0)).toBe(events.length);
    for (const id of ['a', 'b', 'c']) {
      const user = encodeURIComponent(`user of ${id}`);
      const journey = await get<{ sessions: unknown[] }>(`/analytics/users/${user}/journey?${filters}`);
      const overview = await get<{ total_events: number }>(`/analytics?user_id=${user}&${filters}`);
      const found = events.includes(id) ? 1 : 0;
      expect([journey.sessions.length, overview.total_events]).toEqual([found, found]);
    }
  });

  it('are named where a filter leaves nothing and no event has them', async () => {
    const filter = {
      and: [
        { property: 'plan', op: 'is', value: 'gold' },
        { property: 'plann', op: 'is', value: 1 },
      ],
    };
    const filters = `filters=${encodeURIComponent(JSON.stringify(filter))}`;
    const user = `${encodeURIComponent('user of a')}`;
    for (const path of [
      '/events?',
      '/analytics?',
      `/analytics?user_id=${user}&`,
      '/analytics/breakdown?property=plan&',
      '/analytics/retention?',
      `/analytics/users/${user}/journey?`,
    ]) {
      const { status, body } = await api.get<Events>(`${path}${filters}`, key);
      expect([path, status, body.unseen_properties]).toEqual([path, 200, ['plann']]);
    }
    const steps = [{ ...eventType, filters: filter }];
    const { body } = await api.post<Funnel>('/analytics/funnel', { steps }, key);
    expect(body.unseen_properties).toEqual(['plann']);
  });

  describe('kept in a segment', () => {
    const filters = { property: 'enrichment.context.device', op: 'is', value: 'mobile' };
    let admin: string;
    let id: string;

    beforeAll(async () => {
      admin = await api.createKey(tenant, ['read', 'admin'], 'office');
      const { status, body } = await api.post<{ id: string }>('/segments', { name: 'On the Go', filters }, admin);
      expect([status, body]).toEqual([201, expect.objectContaining({ name: 'On the Go', filters })]);
      id = body.id;
    });

    it('fit by its name in any case, by its id, and together with a filter', async () => {
      const noPlan = `&filters=${encodeURIComponent('{"property":"plan","op":"is_not_set"}')}`;
      for (const [segment, more, events] of [
        ['on%20THE%20go', '', ['a', 'c', 'd']],
        [id, noPlan, ['c', 'd']],
      ] as const) {
        const asked = `segment=${segment}${more}`;
        const get = async <T>(path: string) => (await api.get<T>(path, key)).body;
        expect((await get<Events>(`/events?${asked}`)).data.map(({ event_id }) => event_id).sort()).toEqual(events);
        expect((await get<Breakdown>(`/analytics/breakdown?property=user_id&${asked}`)).total).toBe(events.length);
        const { summary } = await get<{ summary: object }>(`/analytics?${asked}`);
        expect(summary).toMatchObject({ total_events: events.length });
        const cohorts = (await get<{ data: { users: number }[] }>(`/analytics/retention?${asked}`)).data;
        expect(cohorts.reduce((sum, cohort) => sum + cohort.users, 0)).toBe(events.length);
        const journey = `/analytics/users/${encodeURIComponent('user of b')}/journey?${asked}`;
        expect(await get(journey)).toMatchObject({ sessions: [] });
      }
      const query = { measure: 'users', breakdown: ['plan'], segment: 'on the go' };
      const { body } = await api.post<{ data: unknown[] }>('/analytics/query', query, key);
      expect(body).toMatchObject({
        data: [
          { plan: null, value: 2 },
          { plan: 'pro', value: 1 },
        ],
        distinct_groups: 2,
      });
    });

    it('stay in saved funnels under a new name and with a new filter, and as long as one needs them', async () => {
      const own = { property: 'plan', op: 'is_set' };
      const steps = [{ ...eventType, segment: 'on the go', filters: own }];
      const { body: funnel } = await api.post<{ id: string }>('/analytics/funnels', { name: 'of it', steps }, key);
      expect(funnel).toMatchObject({ steps: [{ ...eventType, segment: id, filters: own }] });
      const users = async () =>
        (await api.get<Funnel>(`/analytics/funnels/${funnel.id}/result`, key)).body.steps[0]!.users;
      expect(await users()).toBe(1);
      const overview = await api.get<{ conversion: { name: string; steps: object[] } }>('/analytics', key);
      expect(overview.body.conversion).toMatchObject({ name: 'of it', steps: [{ users: 1 }] });
      const change = { name: 'All', filters: { property: 'event_type', op: 'is', value: 'seen' } };
      const options = { key: admin, body: change };
      expect((await api.call('PATCH', `/segments/${id}`, options)).body).toMatchObject({ id, ...change });
      expect(await users()).toBe(2);
      const refused = await api.call<{ detail: string }>('DELETE', `/segments/${id.toUpperCase()}`, { key: admin });
      expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining('"of it"')]);
      await api.call('DELETE', `/analytics/funnels/${funnel.id}`, { key });
      expect((await api.call('DELETE', `/segments/${id}`, { key: admin })).status).toBe(204);
    });

    it('are listed newest first, read by readers and written by administrators', async () => {
      const post = (name: string, of = admin) =>
        api.post<{ id: string }>('/segments', { name, filters: { property: 'a', op: 'is_set' } }, of);
      const [first, second] = [await post('first'), await post('second')];
      expect((await post('SECOND')).status).toBe(409);
      const rename = { key: admin, body: { name: 'First' } };
      expect((await api.call('PATCH', `/segments/${second.body.id}`, rename)).status).toBe(409);
      const page = await api.get<{ data: unknown[]; next_cursor: string }>('/segments?limit=1', key);
      expect(page.body.data).toEqual([second.body]);
      const next = await api.get<{ data: unknown[] }>(`/segments?limit=1&cursor=${page.body.next_cursor}`, key);
      expect(next.body).toEqual({ data: [first.body], next_cursor: null });
      expect((await api.get(`/segments/${first.body.id}`, key)).body).toEqual(first.body);
      expect((await post('third', key)).status).toBe(403);
      expect((await api.call('DELETE', `/segments/${first.body.id}`, { key })).status).toBe(403);
      for (const id of ['nobody', '01a1fb00-0000-7000-8000-000000000000']) {
        expect((await api.get(`/segments/${id}`, key)).status).toBe(404);
        expect((await api.call('PATCH', `/segments/${id}`, { key: admin, body: { name: 'x' } })).status).toBe(404);
        expect((await api.call('DELETE', `/segments/${id}`, { key: admin })).status).toBe(404);
      }
    });

    it('are refused with a filter that cannot be asked, and where there are none', async () => {
      const wrong = { property: 'plan', op: 'matches', value: '(a' };
      type Answer = { errors: { path: string }[] };
      const { status, body } = await api.post<Answer>('/segments', { name: 'wrong', filters: wrong }, admin);
      expect([status, body.errors.map(({ path }) => path)]).toEqual([400, ['filters.value']]);
      const kept = (await api.post<{ id: string }>('/segments', { name: 'kept', filters }, admin)).body.id;
      const change = async (body: object) =>
        (await api.call('PATCH', `/segments/${kept}`, { key: admin, body })).status;
      expect([await change({ filters: wrong }), await change({ name: '' }), await change({})]).toEqual([400, 400, 200]);
      for (const path of ['/events', '/analytics', '/analytics/retention', '/analytics/users/u/journey']) {
        const missing = await api.get<Answer>(`${path}?segment=none`, key);
        expect([missing.status, missing.body.errors.map((one) => one.path)]).toEqual([400, ['segment']]);
      }
      const funnel = { steps: [eventType, { ...eventType, segment: 'none' }] };
      const missing = await api.post<Answer>('/analytics/funnel', funnel, key);
      expect([missing.status, missing.body.errors.map(({ path }) => path)]).toEqual([400, ['steps[1].segment']]);
    });
  });

  it('says which range was looked at', async () => {
    const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' };
    expect((await api.get<Events>(`/events?from=${range.from}&to=${range.to}`, key)).body).toMatchObject(range);
    const { from, to } = (await api.get<Events>('/events', key)).body;
    expect(Date.parse(to) - Date.parse(from)).toBe(7 * 86_400_000);
  });
});
