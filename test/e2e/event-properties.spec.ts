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
  const eventType = { event_type: 'seen' };

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
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

  it('says which range was looked at', async () => {
    const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' };
    expect((await api.get<Events>(`/events?from=${range.from}&to=${range.to}`, key)).body).toMatchObject(range);
    const { from, to } = (await api.get<Events>('/events', key)).body;
    expect(Date.parse(to) - Date.parse(from)).toBe(7 * 86_400_000);
  });
});
