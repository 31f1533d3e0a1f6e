import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';

describe('access', () => {
  let database: TestDatabase;
  let api: TestApi;
  let tenantId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await TestApi.start(database.url);
    tenantId = await api.createTenant('Acme');
  });

  afterAll(async () => {
    await api.stop();
    await database.drop();
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
    expect((await api.post('/events', event, read)).status).toBe(403);
    expect((await api.post('/EVENTS', event, read)).status).toBe(403);
    expect((await api.post('/events', event, write)).status).toBe(202);
    expect((await api.get('/events', write)).status).toBe(403);
    expect((await api.get('/events', admin)).status).toBe(200);
    expect((await api.post('/keys', { client_id: 'c', name: 'n' }, write)).status).toBe(403);
    expect((await api.post('/tenants', { name: 'n' }, admin)).status).toBe(403);
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

  it('checks a key with bcrypt once, not on every request', async () => {
    const key = await api.createKey(tenantId, ['read']);
    await api.get('/auth/info', key);
    const start = process.cpuUsage();
    for (let n = 0; n < 20; n++) await api.get('/auth/info', key);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 20 / 1_000).toBeLessThan(40); // one bcrypt of cost 10 alone takes about 50 ms
  });
});
