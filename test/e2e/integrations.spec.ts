import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

const PLAN = { type: 'object', required: ['plan'], properties: { plan: { type: 'string' } } };

describeApi('every protocol', { env: { RATE_LIMIT_REQUESTS: '100000' } }, (api, { database }) => {
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['admin']);
    await api.call('PUT', '/event-types/signup/schema', { key, body: { schema: PLAN, mode: 'reject' } });
    await eventually(async () => {
      const { status } = await api.post('/events', { event_type: 'signup' }, key);
      expect(status).toBe(400);
    });
  });

  const AGENT = 'shop/7';

  async function send(path: string, type: string, body: unknown) {
    const response = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': type, 'User-Agent': AGENT, Authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const segment = (path: string, body: unknown) => send(path, 'application/json', body);
  const cloud = (body: unknown) =>
    send(
      '/api/v1/events',
      Array.isArray(body) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
      body,
    );
  const cloudEvent = (id: string, data: unknown) => ({ specversion: '1.0', id, source: '/s', type: 'signup', data });

  it("holds Segment's messages to the schema of their type, and names properties as the sender does", async () => {
    const track = (properties: unknown, messageId: string) => ({
      ...{ type: 'track', event: 'signup', userId: 'u', messageId },
      properties,
    });
    const batch = [
      track({ plan: 'pro' }, 's-0'),
      track({ plan: 7 }, 's-1'),
      track({ plan: 'free' }, 's-2'),
      { type: 'track' },
      track({}, 's-4'),
    ];
    const answer = await segment('/v1/batch', { batch });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        accepted: 2,
        rejected: 3,
        errors: [
          { path: 'batch[1].properties.plan', message: 'must be string' },
          { path: 'batch[3].event' },
          { path: 'batch[4].properties.plan', message: 'is missing' },
        ],
      },
    });
    const rows = await database.query<{ event_id: string }>(
      `select event_id from events where event_type = 'signup' order by event_id`,
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(['s-0', 's-2']);
    expect(await segment('/v1/track', { ...track({ plan: 7 }, 's-5'), type: undefined })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: 'properties.plan' }] },
    });
  });

  it('holds CloudEvents to the schema of their type, and names data as the sender does', async () => {
    expect(await cloud(cloudEvent('c-0', { plan: 'pro' }))).toMatchObject({ status: 202 });
    expect(await cloud(cloudEvent('c-1', { plan: 7 }))).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'data.plan', message: 'must be string' }] },
    });
    expect(await cloud([cloudEvent('c-2', {}), cloudEvent('c-3', { plan: 'pro' })])).toMatchObject({
      status: 202,
      body: {
        accepted: 1,
        rejected: 1,
        results: [{ index: 0, event_id: 'c-2', error: { path: 'events[0].data.plan' } }, { status: 'accepted' }],
      },
    });
  });

  it('keeps the context of the request that brought an event', async () => {
    await segment('/v1/batch', { batch: [{ type: 'identify', userId: 'u', messageId: 'context-1' }] });
    await segment('/v1/identify', { userId: 'u', messageId: 'context-2' });
    await cloud({ ...cloudEvent('context-3', {}), type: 'free' });
    for (const id of ['context-1', 'context-2', '/s|context-3']) {
      const { body } = await api.get<{ enrichment: unknown }>(`/events/${encodeURIComponent(id)}`, key);
      expect(body.enrichment).toMatchObject({ context: { user_agent: AGENT } });
    }
  });
});
