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

describeApi('analytics', {}, (api) => {
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
