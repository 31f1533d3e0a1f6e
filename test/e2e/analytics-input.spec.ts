import { describeApi } from '../support/fixture.js';

const step = { event_type: 'a' };
const WRONG_QUERIES: [path: string, field: string][] = [
  ['timeseries?tz=Mars/Olympus', 'tz'],
  ['timeseries?tz=%2B05:30', 'tz'],
  ['timeseries?interval=fortnight', 'interval'],
  ['timeseries?interval=minute&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z', 'interval'],
  ['timeseries?group_by=payload', 'group_by'],
  ['timeseries?from=yesterday', 'from'],
  ['timeseries?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
  ['timeseries?event_type=%00', 'event_type'],
  ['timeseries?colour=red', 'colour'],
  ['events-by-type?client_id=%00', 'client_id'],
  ['processing-metrics?days=0', 'days'],
  ['processing-metrics?days=1&from=2026-01-01T00:00:00Z', 'days'],
  ['breakdown', 'property'],
  ['breakdown?property=', 'property'],
  ['breakdown?property=a&limit=1001', 'limit'],
  ['retention?interval=month', 'interval'],
  ['retention?interval=day&from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'interval'],
  ['users/u/journey?limit=0', 'limit'],
  ['users/u/journey?cursor=zzz', 'cursor'],
  [`users/${'u'.repeat(256)}/journey`, 'user_id'],
];
const WRONG_FUNNELS: [body: unknown, field: string][] = [
  [{ steps: [] }, 'steps'],
  [{ steps: Array.from({ length: 11 }, () => step) }, 'steps'],
  [{ steps: [{}] }, 'steps[0].event_type'],
  [{ steps: [{ event_type: 'a', where: { x: { y: 1 } } }] }, 'steps[0].where.x'],
  [
    { steps: [{ event_type: 'a', where: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`p${n}`, 1])) }] },
    'steps[0].where',
  ],
  [{ steps: [step], window_s: 0 }, 'window_s'],
  [{ steps: [step], window_s: 1e12 }, 'window_s'],
  [{ steps: [step], from: 'x' }, 'from'],
  [{ steps: [step], groupBy: 'a' }, 'groupBy'],
];

const plan = { property: 'plan', op: 'is', value: 'pro' };
const many = (count: number, one: unknown = plan) => ({ and: Array.from({ length: count }, () => one) });
const nested = (levels: number): object => (levels === 0 ? plan : { or: [nested(levels - 1)] });
const condition = (op: string, value?: unknown, property: unknown = 'plan') => ({ property, op, value });

/** What is wrong, and where; each is tried as a parameter and in the step of a funnel. */
const WRONG_FILTERS: [filter: unknown, path: string, words: string][] = [
  [[plan], '', 'must be a condition like'],
  ['plan', '', 'must be a condition like'],
  [null, '', 'must be a condition like'],
  [{ and: [] }, '.and', 'at least one condition'],
  [{ and: plan }, '.and', 'at least one condition'],
  [{ and: [plan], or: [plan] }, '.or', 'cannot be combined with and'],
  [{ and: [plan, { or: [5] }] }, '.and[1].or[0]', 'must be a condition like'],
  [nested(5), '.or[0].or[0].or[0].or[0].or', 'nested deeper than 4 groups'],
  [many(51), '.and[50]', 'at most 50'],
  [many(21, condition('matches', 'a')), '', 'at most 20'],
  [{ op: 'is', value: 1 }, '.property', 'must be the name of a property'],
  [condition('is', 1, ''), '.property', '1 to 255 characters'],
  [condition('is', 1, 'a\0'), '.property', 'NUL'],
  [{ ...plan, operator: 'is' }, '.operator', 'a condition has property, op and value'],
  [condition('equals', 1), '.op', 'must be one of is, is_not'],
  [condition('is'), '.value', 'is missing'],
  [condition('is', { a: 1 }), '.value', 'must be a text, a number'],
  [condition('is', '\ud800'), '.value', 'surrogate'],
  [condition('is', 'x'.repeat(1_001)), '.value', 'at most 1000 characters'],
  [condition('is', 5, 'user_id'), '.value', 'must be a text or null'],
  [condition('is', 'yesterday', 'event_time'), '.value', 'must be a date'],
  [condition('contains', '2026', 'event_time'), '.value', 'a time is not a text'],
  [condition('in', 'pro'), '.value', 'array of 1 to 100'],
  [condition('in', []), '.value', 'array of 1 to 100'],
  [
    condition(
      'not_in',
      Array.from({ length: 101 }, () => 1),
    ),
    '.value',
    'array of 1 to 100',
  ],
  [condition('in', ['a', ['b']]), '.value', 'has a value that must be a text'],
  [condition('contains', 1), '.value', 'must be a text with contains'],
  [condition('starts_with', ''), '.value', 'must be a text with starts_with'],
  [condition('gt', null), '.value', 'must be a number or a text'],
  [condition('gt', true), '.value', 'must be a number or a text'],
  [condition('lt', 5, 'user_id'), '.value', 'must be a text, as this field'],
  [condition('between', [1]), '.value', 'the lowest and the highest'],
  [condition('between', [1, 'a']), '.value', 'two numbers or two texts'],
  [condition('between', [2, 1]), '.value', 'the lowest value first'],
  [condition('between', ['b', 'a']), '.value', 'the lowest value first'],
  [condition('is_set', true), '.value', 'must be left out with is_set'],
  [condition('matches', '('), '.value', 'character 2 is the end'],
  [condition('matches', '(a)\\1'), '.value', 'unknown escape'],
  [condition('matches', '((a{100}){100}){100}'), '.value', 'repeats too much'],
];

describeApi('analytics', { env: { RATE_LIMIT_REQUESTS: '10000' } }, (api) => {
  it.each(WRONG_FILTERS)('refuses the filter %j, naming %s', async (filter, path, words) => {
    type Answer = { detail: string; errors: { path: string; message: string }[] };
    const text = encodeURIComponent(JSON.stringify(filter));
    const asked = [
      ...['events?', 'analytics?', 'analytics?user_id=u&', 'analytics/breakdown?property=a&', 'analytics/retention?'],
      'analytics/users/u/journey?',
    ];
    for (const address of asked) {
      const { status, body } = await api.get<Answer>(`/${address}filters=${text}`);
      expect([address, status]).toEqual([address, 400]);
      expect(body.errors).toContainEqual({ path: `filters${path}`, message: expect.stringContaining(words) });
    }
    if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) return;
    const { status, body } = await api.post<Answer>('/analytics/funnel', {
      steps: [step, { ...step, filters: filter }],
    });
    expect(status).toBe(400);
    expect(body.errors).toContainEqual({ path: `steps[1].filters${path}`, message: expect.stringContaining(words) });
  });

  it.each([
    '{"property":"n","op":"is","value":1e400}',
    '{"property":"n","op":"gt","value":-1e400}',
    '{',
    '',
    'plan=pro',
  ])('refuses the text %s for a filter', async (text) => {
    const { status, body } = await api.get<{ errors: { path: string }[] }>(
      `/events?filters=${encodeURIComponent(text)}`,
    );
    expect([status, body.errors[0]?.path.startsWith('filters')]).toEqual([400, true]);
    expect((await api.get(`/events?where=${encodeURIComponent('{"n":1e400}')}`)).status).toBe(400);
  });

  it('refuses more conditions than 100 in the steps of a funnel together', async () => {
    const steps = Array.from({ length: 6 }, () => ({ ...step, filters: many(20) }));
    expect((await api.post('/analytics/funnel', { steps: steps.slice(1) })).status).toBe(200);
    const { status, body } = await api.post<{ detail: string }>('/analytics/funnel', { steps });
    expect([status, body.detail]).toEqual([400, expect.stringContaining('steps has 120 conditions; at most 100')]);
  });

  it.each<[query: object, path: string]>([
    [{}, 'measure'],
    [{ measure: 'pages' }, 'measure'],
    [{ measure: 'events', tz: 'Mars/Olympus' }, 'tz'],
    [{ measure: 'events', breakdown: ['a', 'b', 'c'] }, 'breakdown'],
    [{ measure: 'events', breakdown: ['a', 'a'] }, 'breakdown'],
    [{ measure: 'events', breakdown: ['a\0'] }, 'breakdown[0]'],
    [{ measure: 'events', breakdown: ['value'] }, 'breakdown'],
    [{ measure: 'events', breakdown: ['a'], limit: 1_001 }, 'limit'],
    [{ measure: 'events', breakdown: ['a'], limit: 1_000, interval: 'hour' }, 'limit'],
    [{ measure: 'events', interval: 'minute', from: '2026-01-01', to: '2026-02-01' }, 'interval'],
    [{ measure: 'events', from: '2026-01-02', to: '2026-01-01' }, 'from'],
    [{ measure: 'events', compare: 'yesterday' }, 'compare'],
    [{ measure: 'events', filters: { and: [{ property: 'a', op: 'gt' }] } }, 'filters.and[0].value'],
    [{ measure: 'events', segment: 'none' }, 'segment'],
  ])('refuses the query %j, naming %s', async (query, path) => {
    const { status, body } = await api.post<{ errors: { path: string }[] }>('/analytics/query', query);
    expect([status, body.errors.map((error) => error.path)]).toEqual([400, [path]]);
  });

  it('answers a query without events with a 0, and names what none has', async () => {
    const filters = { property: 'plann', op: 'is', value: 1 };
    const query = { measure: 'sessions', filters, from: '2026-01-01', to: '2026-01-03', interval: 'day' };
    const chicago = { ...query, tz: 'America/Chicago', compare: 'previous_period' };
    const { status, body } = await api.post('/analytics/query', chicago);
    expect([status, body]).toMatchObject([
      200,
      {
        ...{ from: '2026-01-01T06:00:00.000Z', to: '2026-01-03T06:00:00.000Z', measure: 'sessions', interval: 'day' },
        data: [
          { bucket: '2026-01-01T06:00:00.000Z', value: 0 },
          { bucket: '2026-01-02T06:00:00.000Z', value: 0 },
        ],
        previous: { from: '2025-12-30T06:00:00.000Z', data: [{ value: 0 }, { value: 0 }] },
        ...{ distinct_groups: 0, method: 'exact', engine: 'postgresql', unseen_properties: ['plann'] },
      },
    ]);
    const grouped = await api.post('/analytics/query', { ...query, breakdown: ['plan'] });
    expect(grouped.body).toMatchObject({ data: [], unseen_properties: ['plann', 'plan'] });
  });

  it('takes filters at the bounds', async () => {
    const most = { or: [{ and: [{ or: [many(50)] }] }] };
    for (const filter of [
      most,
      many(20, condition('matches', '(a{10}|b)*$')),
      condition(
        'in',
        Array.from({ length: 100 }, (_, n) => n),
      ),
    ]) {
      expect((await api.get(`/events?filters=${encodeURIComponent(JSON.stringify(filter))}`)).status).toBe(200);
    }
  });

  it.each(WRONG_QUERIES)('refuses %s, naming %s', async (path, field) => {
    const { status, body } = await api.get<{ errors: { path: string }[] }>(`/analytics/${path}`);
    expect(status).toBe(400);
    expect(body.errors.map((error) => error.path)).toContain(field);
  });

  it.each(WRONG_FUNNELS)('refuses the funnel %j, naming %s', async (funnel, field) => {
    const { status, body } = await api.post<{ errors: { path: string }[] }>('/analytics/funnel', funnel);
    expect(status).toBe(400);
    expect(body.errors.map((error) => error.path)).toContain(field);
  });

  it('takes a user_id of as many characters as an event may have', async () => {
    const path = (length: number) => `/analytics/users/${encodeURIComponent('😀'.repeat(length))}/journey`;
    expect((await api.get(path(255))).status).toBe(200);
    expect((await api.get(path(256))).status).toBe(400);
  });

  it('says which interval fits when there are too many buckets', async () => {
    const range = 'from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z';
    const { body } = await api.get<{ detail: string }>(`/analytics/timeseries?interval=minute&${range}`);
    expect(body.detail).toContain('interval=hour');
    expect((await api.get(`/analytics/timeseries?interval=hour&${range}`)).status).toBe(200);
  });

  it('keeps funnels, shows the newest on the dashboard and forgets it again', async () => {
    const saved = await api.post<{ id: string }>('/analytics/funnels', { name: 'Ours', steps: [step] });
    expect(saved.status).toBe(201);
    expect((await api.post('/analytics/funnels', { name: 'ours', steps: [step] })).status).toBe(409);
    const shown = await api.get<{ conversion: { funnel_id: string | null } }>('/analytics');
    expect(shown.body.conversion.funnel_id).toBe(saved.body.id);
    expect((await api.get(`/analytics/funnels/${saved.body.id}/result`)).body).toMatchObject({ steps: [{ users: 0 }] });
    expect((await api.call('DELETE', `/analytics/funnels/${saved.body.id}`)).status).toBe(204);
    expect((await api.call('DELETE', `/analytics/funnels/${saved.body.id}`)).status).toBe(404);
    const again = await api.get<{ conversion: { funnel_id: string | null } }>('/analytics');
    expect(again.body.conversion.funnel_id).toBeNull();
  });
});
