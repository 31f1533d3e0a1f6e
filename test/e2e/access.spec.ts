import { randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import { KeysRepository } from '../../src/keys/keys.repository.js';
import { eventually } from '../support/eventually.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { describeApi } from '../support/fixture.js';

describeApi('access', {}, (api, { database }) => {
  let tenantId: string;

  beforeAll(async () => {
    tenantId = await api.createTenant('Acme');
  });

  const info = (headers: Record<string, string>, query = '') =>
    api.call('GET', `/auth/info${query}`, { key: null, headers });

  it('says who the caller is', async () => {
    const key = await api.createKey(tenantId, ['read']);
    const { body } = await api.get('/auth/info', key);
    expect(body).toMatchObject({
      tenant: { id: tenantId, name: 'Acme' },
      client_id: 'shop',
      key_name: 'shop',
      scopes: ['read'],
    });
  });

  it('reads the key from each place it may be in', async () => {
    const key = await api.createKey(tenantId, ['read']);
    const places: Record<string, string>[] = [
      { 'X-API-Key': key },
      { Authorization: `Bearer ${key}` },
      { 'CSIQ-APIKEY': key },
    ];
    for (const headers of places) {
      expect((await info(headers)).status).toBe(200);
    }
    expect((await info({}, `?api_key=${key}`)).status).toBe(200);
    expect((await api.call('GET', `/events?limit=1&api_key=${key}`, { key: null })).status).toBe(200);
  });

  it('answers 401 without a credential and with a wrong one, never trying another place', async () => {
    const key = await api.createKey(tenantId, ['read']);
    const missing = await info({});
    expect([missing.status, missing.body['detail']]).toEqual([401, 'API Key is missing']);
    const wrong = [`tmk_${'a'.repeat(16)}_${'b'.repeat(43)}`, `${key}x`, key.slice(0, -1), 'x'];
    for (const credential of wrong) {
      const { status, body } = await info({ 'X-API-Key': credential, Authorization: `Bearer ${key}` });
      expect([status, body['detail']]).toEqual([401, 'Invalid API Key']);
    }
    expect((await info({ Authorization: `Basic ${key}` })).status).toBe(401);
  });

  it('gives a scope what it includes and nothing else', async () => {
    const [read, write] = [await api.createKey(tenantId, ['read']), await api.createKey(tenantId, ['write'])];
    const admin = await api.createKey(tenantId, ['admin']);
    const event = { event_type: 'x' };
    const post = (path: string, body: object, key: string) =>
      api.request().post(`/api/v1${path}`).set('X-API-Key', key).send(body);
    const get = (path: string, key: string) => api.request().get(`/api/v1${path}`).set('X-API-Key', key);
    await post('/events', event, read).expect(403);
    await post('/EVENTS', event, read).expect(403);
    await post('/events', event, write).expect(202);
    await get('/events', write).expect(403);
    await get('/events', admin).expect(200);
    await post('/keys', { client_id: 'c', name: 'n' }, write).expect(403);
    await post('/tenants', { name: 'n' }, admin).expect(403);
  });

  it('hands out no scope that the creator lacks', async () => {
    const admin = await api.createKey(tenantId, ['admin']);
    expect((await api.post('/keys', { client_id: 'c', name: 'n', scopes: ['read', 'admin'] }, admin)).status).toBe(201);
    expect((await api.post('/keys', { client_id: 'c', name: 'n', scopes: ['platform'] }, admin)).status).toBe(403);
  });

  it('shows a new key once and stores only its bcrypt hash', async () => {
    const { body } = await api.post<{ id: string; key: string }>('/keys', { client_id: 'c', name: 'n', rate_limit: 5 });
    expect(body).toMatchObject({
      client_id: 'c',
      scopes: ['read', 'write'],
      rate_limit: 5,
      rate_window_s: 60,
      is_active: true,
    });
    const [row] = await database.query<{ secret_hash: string }>('select * from api_keys where id = $1', [body.id]);
    expect(row?.secret_hash).toMatch(/^\$2b\$10\$/);
    expect(JSON.stringify(row)).not.toContain(body.key.slice(21));
  });

  it('refuses a disabled, expired or deleted key, and the keys of an inactive tenant, within two seconds', async () => {
    const other = await api.createTenant('Fading');
    const [disabled, deleted, expired, orphan] = await Promise.all(
      Array.from({ length: 4 }, (_, n) => api.createKey(n === 3 ? other : tenantId, ['read'])),
    );
    for (const key of [disabled, deleted, expired, orphan]) expect((await api.get('/auth/info', key)).status).toBe(200);
    const set = (change: string, key: string) =>
      database.query(`update api_keys set ${change} where prefix = $1`, [key.slice(4, 20)]);
    await set('is_active = false', disabled!);
    await set(`expires_at = now() - interval '1 second'`, expired!);
    await database.query('delete from api_keys where prefix = $1', [deleted!.slice(4, 20)]);
    await database.query(`update tenants set status = 'suspended' where id = $1`, [other]);
    const statuses = async () =>
      Promise.all([disabled, deleted, expired, orphan].map(async (key) => (await api.get('/auth/info', key)).status));
    await eventually(async () => expect(await statuses()).toEqual([403, 401, 401, 403]), 2_000);
  });

  it('lets platform keys act for a tenant, and nobody else', async () => {
    const admin = await api.createKey(tenantId, ['admin']);
    const other = await api.createTenant('Globex');
    const as = (key: string, tenant: string) =>
      api.call<{ tenant: { id: string } }>('GET', '/auth/info', { key, headers: { 'X-Tenant-Id': tenant } });
    expect((await as(PLATFORM_KEY, other)).body.tenant.id).toBe(other);
    expect((await as(PLATFORM_KEY, '00000000-0000-7000-8000-00000000dead')).status).toBe(404);
    expect((await as(PLATFORM_KEY, 'nonsense')).status).toBe(400);
    expect((await as(admin, other)).status).toBe(403);
    expect((await as(admin, tenantId)).status).toBe(200);
  });

  it('refuses a second tenant of the same name', async () => {
    expect((await api.post('/tenants', { name: 'acme' })).status).toBe(409);
  });

  it('does not take keys from the URL in production', async () => {
    const production = await TestApi.start(database.url, { NODE_ENV: 'production' });
    const answer = await production.call('GET', `/auth/info?api_key=${PLATFORM_KEY}`, { key: null });
    await production.stop();
    expect(answer.status).toBe(401);
  });

  it('checks a key with bcrypt once, and a wrong one never, whether its prefix is in use or not', async () => {
    const key = await api.createKey(tenantId, ['read']);
    const compare = jest.spyOn(bcrypt, 'compare');
    const lookUp = jest.spyOn(api.app.get(KeysRepository, { strict: false }), 'listByPrefix');
    const ask = (credential: string) => api.request().get('/api/v1/auth/info').set('X-API-Key', credential);
    try {
      for (let n = 0; n < 5; n++) await ask(key).expect(200);
      expect([compare.mock.calls.length, lookUp.mock.calls.length]).toEqual([1, 1]);
      for (const prefix of [key.slice(4, 20), randomBytes(12).toString('base64url')]) {
        await ask(`tmk_${prefix}_${randomBytes(33).toString('base64url').slice(0, 43)}`).expect(401);
      }
      expect([compare.mock.calls.length, lookUp.mock.calls.length]).toEqual([1, 1]);
    } finally {
      jest.restoreAllMocks();
    }
  });
});
