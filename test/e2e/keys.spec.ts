import { eventually } from '../support/eventually.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { describeApi } from '../support/fixture.js';

interface Key {
  id: string;
  name: string;
  scopes: string[];
  is_active: boolean;
  rate_limit: number;
  last_used_at: string | null;
  expires_at: string | null;
  key: string;
}

describeApi('keys and tenants', {}, (api, { database }) => {
  let tenantId: string;
  let admin: string;

  beforeAll(async () => {
    tenantId = await api.createTenant('Acme');
    admin = await api.createKey(tenantId, ['admin']);
  });

  const create = async (body: Record<string, unknown> = {}) =>
    (await api.post<Key>('/keys', { client_id: 'app', name: 'App', ...body }, admin)).body;
  const call = <Body = Key>(method: string, path: string, body?: unknown, key = admin) =>
    api.call<Body>(method, path, { key, body });

  it('are listed newest first, page by page, without their secrets', async () => {
    const made = [await create(), await create(), await create()];
    const first = await api.get<{ data: Key[]; next_cursor: string }>('/keys?limit=2', admin);
    expect(first.body.data.map(({ id }) => id)).toEqual([made[2]!.id, made[1]!.id]);
    const second = await api.get<{ data: Key[] }>(`/keys?limit=2&cursor=${first.body.next_cursor}`, admin);
    expect(second.body.data[0]?.id).toBe(made[0]!.id);
    expect(JSON.stringify([first.body, second.body])).not.toMatch(/tmk_|\$2b\$|secret|prefix/);
  });

  it('change what is given, clear what is null, keep the rest', async () => {
    const { id } = await create({ rate_limit: 5 });
    const changed = await call('PATCH', `/keys/${id}`, { name: 'Renamed' });
    expect(changed.body).toMatchObject({ id, name: 'Renamed', rate_limit: 5 });
    expect((await call('PATCH', `/keys/${id}`, { rate_limit: null })).body.rate_limit).toBe(600);
    expect((await call('GET', `/keys/${id}`)).body).toMatchObject({ name: 'Renamed', rate_limit: 600 });
    expect((await call('PATCH', `/keys/${id}`, { name: null })).status).toBe(400);
    expect((await call('PATCH', `/keys/${id}`, { tenant_id: id })).status).toBe(400);
  });

  it('stop working within two seconds when disabled or deleted, in every process', async () => {
    const other = await TestApi.start(database.url);
    const [disabled, deleted] = [await create(), await create()];
    const statuses = async () => [
      (await api.get('/auth/info', disabled.key)).status,
      (await other.get('/auth/info', disabled.key)).status,
      (await api.get('/auth/info', deleted.key)).status,
      (await other.get('/auth/info', deleted.key)).status,
    ];
    expect(await statuses()).toEqual([200, 200, 200, 200]);
    expect((await call('PATCH', `/keys/${disabled.id}`, { is_active: false })).body.is_active).toBe(false);
    expect((await call('DELETE', `/keys/${deleted.id}`)).status).toBe(204);
    await eventually(async () => expect(await statuses()).toEqual([403, 403, 401, 401]), 2_000);
    expect((await call('GET', `/keys/${deleted.id}`)).status).toBe(404);
    await other.stop();
  });

  it('rotate: the new key works at once, the old one until its grace is over', async () => {
    const old = await create({ scopes: ['read'], rate_limit: 77 });
    const rotated = await call('POST', `/keys/${old.id}/rotate`, { grace_s: 60 });
    expect(rotated.status).toBe(201);
    expect(rotated.body).toMatchObject({ name: 'App', scopes: ['read'], rate_limit: 77, expires_at: null });
    expect(rotated.body.id).not.toBe(old.id);
    expect((await api.get('/auth/info', rotated.body.key)).status).toBe(200);
    expect((await api.get('/auth/info', old.key)).status).toBe(200);
    await call('POST', `/keys/${rotated.body.id}/rotate`);
    await eventually(async () => expect((await api.get('/auth/info', rotated.body.key)).status).toBe(401), 2_000);
  });

  it('cannot be used to climb: an admin neither makes, nor changes, nor rotates a platform key', async () => {
    const platform = await api.call<Key>('POST', '/keys', {
      body: { client_id: 'ops', name: 'Ops', scopes: ['platform'] },
      headers: { 'X-Tenant-Id': tenantId },
    });
    for (const [method, path, body] of [
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', '', undefined],
      ['POST', '/rotate', {}],
    ] as const) {
      expect((await call(method, `/keys/${platform.body.id}${path}`, body)).status).toBe(403);
    }
    const own = await create();
    expect((await call('PATCH', `/keys/${own.id}`, { scopes: ['platform'] })).status).toBe(403);
  });

  it('cannot raise their own limits, by no way, and may lower them', async () => {
    const limits = { rate_limit: 60, rate_window_s: 60, event_limit: 100 };
    const own = await create({ scopes: ['admin'], ...limits });
    const { body } = await api.post<{ access_token: string }>('/auth/token', {}, own.key);
    const raised = [
      { rate_limit: 61 },
      { rate_limit: null },
      { rate_window_s: 59 },
      { rate_limit: 120, rate_window_s: 120 },
      { event_limit: 101 },
      { event_limit: null },
      { rate_limit: 30, rate_window_s: 20 },
    ];
    for (const change of raised) {
      for (const key of [own.key, body.access_token]) {
        const answer = await call<{ detail: string }>('PATCH', `/keys/${own.id}`, change, key);
        expect([change, answer.status]).toEqual([change, 403]);
        expect(answer.body.detail).toMatch(/cannot raise its own limits/);
      }
    }
    expect((await call('GET', `/keys/${own.id}`)).body).toMatchObject(limits);
    expect((await call('PATCH', `/keys/${own.id}`, { name: 'Renamed' }, own.key)).status).toBe(200);
    expect(
      (await call('PATCH', `/keys/${own.id}`, { rate_limit: 10, rate_window_s: 10, event_limit: 10 }, own.key)).status,
    ).toBe(200);
    expect((await call('PATCH', `/keys/${own.id}`, { rate_limit: 500 })).status).toBe(200); // by another admin
  });

  it("get no limit above their tenant's ceiling", async () => {
    const capped = await TestApi.start(database.url, { TENANT_RATE_LIMIT: '100' });
    const { id } = await create();
    const set = (method: string, path: string, limits: object) =>
      capped.call<{ detail: string }>(method, path, {
        key: admin,
        body: method === 'POST' ? { client_id: 'app', name: 'App', ...limits } : limits,
      });
    for (const [method, path] of [
      ['POST', '/keys'],
      ['PATCH', `/keys/${id}`],
    ] as const) {
      for (const limits of [{ rate_limit: 101 }, { rate_limit: 50, rate_window_s: 29 }]) {
        const answer = await set(method, path, limits);
        expect([method, limits, answer.status]).toEqual([method, limits, 422]);
        expect(answer.body.detail).toBe('rate_limit must not exceed the ceiling of the tenant, 100 requests per 60 s.');
      }
      expect((await set(method, path, { rate_limit: 100, rate_window_s: 60 })).status).toBeLessThan(300);
    }
    expect((await set('POST', '/keys', {})).status).toBe(201);
    const platform = { client_id: 'ops', name: 'Ops', scopes: ['platform'], rate_limit: 1_000 };
    expect((await capped.post('/keys', platform)).status).toBe(201);
    await capped.stop();
  });

  it('note when they were last used', async () => {
    const { id, key } = await create();
    await eventually(async () => {
      await api.get('/auth/info', key);
      expect((await call('GET', `/keys/${id}`)).body.last_used_at).not.toBeNull();
    }, 5_000);
  });

  it('of another tenant do not exist', async () => {
    const foreign = await api.createKey(await api.createTenant('Globex'), ['admin']);
    const { id } = await create();
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', '', undefined],
      ['POST', '/rotate', {}],
    ] as const) {
      expect((await call(method, `/keys/${id}${path}`, body, foreign)).status).toBe(404);
    }
  });

  it('tenants: listed, renamed, suspended; the default one stays', async () => {
    const id = await api.createTenant('Fading');
    const key = await api.createKey(id, ['read']);
    const listed = await api.get<{ data: { id: string }[] }>('/tenants?limit=1');
    expect(listed.body.data[0]?.id).toBe(id);
    expect((await call('PATCH', `/tenants/${id}`, { name: 'Faded' }, PLATFORM_KEY)).body).toMatchObject({
      name: 'Faded',
    });
    expect((await call('PATCH', `/tenants/${id}`, { name: 'acme' }, PLATFORM_KEY)).status).toBe(409);
    expect((await api.get('/auth/info', key)).status).toBe(200);
    await call('PATCH', `/tenants/${id}`, { status: 'suspended' }, PLATFORM_KEY);
    await eventually(async () => expect((await api.get('/auth/info', key)).status).toBe(403), 2_000);
    await call('PATCH', `/tenants/${id}`, { status: 'active' }, PLATFORM_KEY);
    await eventually(async () => expect((await api.get('/auth/info', key)).status).toBe(200), 2_000);
    const standard = '00000000-0000-7000-8000-000000000000';
    expect((await call('PATCH', `/tenants/${standard}`, { status: 'inactive' }, PLATFORM_KEY)).status).toBe(422);
    expect((await call('GET', `/tenants/${id}`, undefined, admin)).status).toBe(403);
  });
});
