import { PLATFORM_KEY } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { LiveClient } from '../support/live.js';
import { protectedRoutes } from '../support/probes.js';

/** What a key in a page may call: every way to send events, and who it is itself. */
const OPEN = [
  'POST /events',
  'POST /events/ingest',
  'POST /events/batch',
  'POST /../../v1/batch',
  'POST /../../v1/track',
  'POST /../../v1/alias',
  'POST /../../v1/group',
  'POST /../../v1/identify',
  'POST /../../v1/page',
  'POST /../../v1/screen',
  'GET /auth/info',
  'POST /auth/token',
  'DELETE /auth/session',
];

describeApi('the scope track', { env: { RATE_LIMIT_REQUESTS: '100000' } }, (api, { database }) => {
  let tenant: string;
  let track: string;

  beforeAll(async () => {
    tenant = await api.createTenant('Acme');
    track = await api.createKey(tenant, ['track']);
  });

  async function send(path: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': track, ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }

  it('sends events by every protocol, in every spelling', async () => {
    const event = { event_type: 'view' };
    const cloud = { specversion: '1.0', id: 'c', source: '/s', type: 'view' };
    const basic = { 'X-API-Key': '', Authorization: `Basic ${Buffer.from(`${track}:`).toString('base64')}` };
    const answers = [
      await send('/api/v1/events', event),
      await send('/api/v1/EVENTS', event),
      await send('/api/v1/events/ingest', event),
      await send('/api/v1/events/batch', { events: [event] }),
      await send('/api/v1/Events/Batch', { events: [event] }),
      await send('/api/v1/events', cloud, { 'Content-Type': 'application/cloudevents+json' }),
      await send('/api/v1/events', [{ ...cloud, id: 'd' }], { 'Content-Type': 'application/cloudevents-batch+json' }),
      await send('/v1/track', { event: 'view', userId: 'u' }),
      await send('/v1/Track', { event: 'view', userId: 'u' }),
      await send('/v1/identify', { userId: 'u' }, basic),
      await send('/v1/batch', { batch: [{ type: 'page', userId: 'u' }], writeKey: track }, { 'X-API-Key': '' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 202, 202, 200, 200, 200, 200]);
  });

  it('opens no other route', async () => {
    const open: string[] = [];
    for (const { method, path } of protectedRoutes()) {
      const { status, body } = await api.call(method, path.replace(/\{\w+\}/, 'track'), {
        key: track,
        ...(method === 'GET' ? {} : { body: {} }),
      });
      if (status !== 403) open.push(`${method} ${path}`);
      else expect(body['detail']).toMatch(/^This needs a key with the scope/);
    }
    expect(open.sort()).toEqual([...OPEN].sort());
    const refusal = await LiveClient.connect(api.url, { token: track }).catch((error: Error) => error.message);
    expect(refusal).toMatch(/needs a key with the scope read/);
  });

  it('is included in the wider ones that send events, and in their tokens', async () => {
    for (const scope of ['track', 'write', 'admin', 'platform'] as const) {
      const key = await api.createKey(tenant, [scope]);
      const { body } = await api.post<{ access_token: string }>('/auth/token', {}, key);
      expect((await api.post('/events', { event_type: 'x' }, key)).status).toBe(202);
      const bearer = { 'X-API-Key': '', Authorization: `Bearer ${body.access_token}` };
      expect((await send('/api/v1/events', { event_type: 'x' }, bearer)).status).toBe(202);
    }
    expect((await api.post('/events', { event_type: 'x' }, await api.createKey(tenant, ['read']))).status).toBe(403);
  });

  it('stays in a token whose key was narrowed to it', async () => {
    const headers = { 'X-Tenant-Id': tenant };
    const { body: key } = await api.call<{ id: string; key: string }>('POST', '/keys', {
      body: { client_id: 'app', name: 'App', scopes: ['write'] },
      headers,
    });
    const { body } = await api.post<{ access_token: string }>('/auth/token', {}, key.key);
    await api.call('PATCH', `/keys/${key.id}`, { body: { scopes: ['track'] }, headers });
    await eventually(async () => {
      const info = await api.call('GET', '/auth/info', {
        key: null,
        headers: { Authorization: `Bearer ${body.access_token}` },
      });
      expect(info.body['scopes']).toEqual(['track']);
    });
  });

  it('is told nothing of earlier events: not their state, nor which one has other content', async () => {
    const writer = await api.createKey(tenant, ['write']);
    const first = await api.post<{ id: string }>(
      '/events',
      { event_type: 'a', event_id: 'e', payload: { n: 1 } },
      writer,
    );
    await database.query(`update ingest_batches set status = 'processed', processed_at = now()`);
    const repeated = { event_type: 'a', event_id: 'e', payload: { n: 1 } };
    expect((await api.post('/events', repeated, writer)).body).toMatchObject({ status: 'processed', duplicate: true });
    expect((await api.post('/events', repeated, track)).body).toEqual({
      id: first.body.id,
      event_id: 'e',
      status: 'queued',
      duplicate: true,
    });
    const other = { ...repeated, payload: { n: 2 } };
    expect((await api.post('/events', other, writer)).body['id']).toBe(first.body.id);
    const message = { type: 'track', event: 'a', userId: 'u', messageId: 'e' };
    for (const answer of [
      await send('/api/v1/events', other),
      await send('/api/v1/events/batch', { events: [other, { event_type: 'x' }] }),
      await send('/v1/batch', { batch: [message, { ...message, messageId: 'fresh' }] }),
    ]) {
      expect(answer.text).toMatch(/with other content/);
      expect(answer.text).not.toContain(first.body.id);
    }
  });

  it('is known to the database and the command line of this version', async () => {
    await expect(
      database.query(`update api_keys set scopes = '{everything}' where prefix = $1`, [track.slice(4, 20)]),
    ).rejects.toThrow(/api_keys_scopes_check/);
    expect((await api.post('/keys', { client_id: 'c', name: 'n', scopes: ['everything'] }, PLATFORM_KEY)).status).toBe(
      400,
    );
  });
});
