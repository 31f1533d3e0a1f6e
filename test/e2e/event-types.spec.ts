import type { TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

const ORDER = {
  type: 'object',
  required: ['items'],
  properties: {
    items: { type: 'array', items: { type: 'object', required: ['price'], properties: { price: { type: 'number' } } } },
  },
};
const GOOD = { items: [{ price: 1 }] };
const BAD = { items: [{ price: 'high' }, {}] };

describeApi('event types', { apis: 2 }, (api, { apis }) => {
  const second = apis[1]!;
  let key: string;
  let other: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['admin']);
    other = await api.createKey(await api.createTenant('Other'), ['admin']);
  });

  const put = (type: string, body: unknown, as = key) =>
    api.call('PUT', `/event-types/${type}/schema`, { key: as, body });
  const send = (at: TestApi, payload: unknown, as = key, type = 'order') =>
    at.post('/events', { event_type: type, payload }, as);

  it('reject what does not fit their schema, with the paths, and take the rest', async () => {
    expect((await put('order', { schema: ORDER, mode: 'reject' })).status).toBe(200);
    await eventually(async () => expect((await send(api, BAD)).status).toBe(400));
    const single = await send(api, BAD);
    expect(single.body).toMatchObject({
      detail: expect.stringContaining('payload.items.0.price must be number') as string,
      errors: [
        { path: 'payload.items.0.price', message: 'must be number' },
        { path: 'payload.items.1.price', message: 'is missing' },
      ],
    });
    const events = [GOOD, BAD, GOOD].map((payload, n) => ({ event_type: 'order', event_id: `e${n}`, payload }));
    const batch = await api.post<{ results: unknown[] }>('/events/batch', { events }, key);
    expect(batch.body).toMatchObject({ accepted: 2, rejected: 1 });
    expect(batch.body.results[1]).toMatchObject({
      status: 'rejected',
      event_id: 'e1',
      error: {
        path: 'events[1].payload.items.0.price',
        message: 'payload.items.0.price must be number',
        errors: [{ path: 'events[1].payload.items.0.price' }, { path: 'events[1].payload.items.1.price' }],
      },
    });
    expect((await send(api, BAD, key, 'other type')).status).toBe(202);
    expect((await api.post('/events', { event_type: 'order', properties: BAD }, key)).status).toBe(400);
  });

  it('belong to their tenant', async () => {
    expect((await send(api, BAD, other)).status).toBe(202);
    expect((await api.get('/event-types/order/schema', other)).status).toBe(404);
    expect((await api.call('DELETE', '/event-types/order/schema', { key: other })).status).toBe(404);
    expect((await send(api, BAD)).status).toBe(400);
  });

  it('change in every process within seconds', async () => {
    for (const [body, status] of [
      [{ schema: { ...ORDER, required: ['customer'] } }, 400],
      [{ schema: true }, 202],
      [{ schema: ORDER }, 202],
    ] as const) {
      await send(second, GOOD); // the second process knows what was before
      await put('order', body);
      await eventually(async () => expect((await send(second, GOOD)).status).toBe(status));
    }
    await eventually(async () => expect((await send(second, BAD)).status).toBe(400));
    expect((await api.call('DELETE', '/event-types/order/schema', { key })).status).toBe(204);
    await eventually(async () => expect((await send(second, BAD)).status).toBe(202));
    expect((await api.call('DELETE', '/event-types/order/schema', { key })).status).toBe(404);
  });

  it('are listed by name, page by page, with their schemas', async () => {
    for (const type of ['b', 'a/ü', 'c'])
      await put(encodeURIComponent(type), { schema: ORDER, mode: 'quarantine' }, other);
    type List = { data: { event_type: string; mode: string; schema: unknown }[]; next_cursor: string | null };
    const first = await api.get<List>('/event-types?limit=2', other);
    expect(first.body.data).toMatchObject([
      { event_type: 'a/ü', mode: 'quarantine', schema: ORDER, events_30d: 0 },
      { event_type: 'b' },
    ]);
    const rest = await api.get<List>(`/event-types?limit=2&cursor=${first.body.next_cursor}`, other);
    expect(rest.body).toMatchObject({ data: [{ event_type: 'c' }], next_cursor: null });
    expect((await api.get('/event-types?cursor=%00', other)).status).toBe(400);
    const { body } = await api.get('/event-types/a%2F%C3%BC/schema', other);
    expect(body).toMatchObject({
      event_type: 'a/ü',
      schema: ORDER,
      mode: 'quarantine',
      version: expect.any(Number) as number,
    });
  });

  it('refuse what is no schema, and say where', async () => {
    const wrong: [unknown, string][] = [
      [{ schema: { properties: { a: { minimum: 'x' } } } }, 'schema.properties.a.minimum'],
      [{ schema: { $ref: 'https://example.com' } }, 'schema.$ref'],
      [{ schema: { pattern: '(?=a)' } }, 'schema.pattern'],
      [{ schema: ORDER, mode: 'drop' }, 'mode'],
      [{ schema: ORDER, extra: 1 }, 'extra'],
      [{}, 'schema'],
      [[], ''],
    ];
    for (const [body, path] of wrong) {
      const answer = await put('order', body);
      expect([answer.status, answer.body['errors']]).toMatchObject([400, [{ path }]]);
    }
    const deep = `{"schema":${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}}`;
    expect((await put('order', deep)).status).toBe(400);
    expect((await put('x'.repeat(256), { schema: {} })).status).toBe(400);
    const reader = await api.createKey(await api.createTenant('Readers'), ['read', 'write']);
    expect((await put('order', { schema: {} }, reader)).status).toBe(403);
  });
});
