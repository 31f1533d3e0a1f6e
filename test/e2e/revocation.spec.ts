import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { LiveClient } from '../support/live.js';
import { protectedRoutes } from '../support/probes.js';

interface Key {
  id: string;
  key: string;
}

const changesAccess = protectedRoutes().filter(
  ({ method, path }) => method !== 'GET' && /^\/(keys|tenants|auth)\b/.test(path),
);

const BODIES: Record<string, object> = {
  'POST /keys': { client_id: 'made-late', name: 'made-late' },
  'PATCH /keys/{id}': { name: 'made-late' },
  'POST /keys/{id}/rotate': {},
  'POST /tenants': { name: 'made-late' },
  'PATCH /tenants/{id}': { name: 'made-late' },
};

describeApi('what was revoked', { env: { RATE_LIMIT_REQUESTS: '100000', TRUST_PROXY: '1' } }, (api, { database }) => {
  let tenant: string;
  let tenants = 0;

  beforeAll(async () => {
    tenant = await api.createTenant('Acme');
  });

  const makeKey = async (scopes: string[], tenantId = tenant): Promise<Key> =>
    (
      await api.call<Key>('POST', '/keys', {
        body: { client_id: 'app', name: 'App', scopes },
        headers: { 'X-Tenant-Id': tenantId },
      })
    ).body;
  let callers = 0;
  /** Each from another address: what is refused here is refused for the key, not for too many attempts. */
  const call = (method: string, path: string, options: Parameters<TestApi['call']>[2] = {}) =>
    api.call(method, path, {
      ...options,
      headers: { ...options?.headers, 'X-Forwarded-For': `10.0.${(callers += 1) >> 8}.${callers & 255}` },
    });
  const makeTenant = () => api.createTenant(`Tenant ${(tenants += 1)}`);
  const bearer = (token: string, headers: Record<string, string> = {}) => ({
    key: null,
    headers: { Authorization: `Bearer ${token}`, ...headers },
  });
  const issue = async (key: string, headers = {}) =>
    (await api.call<{ access_token: string }>('POST', '/auth/token', { key, headers })).body.access_token;

  describe('in another process', () => {
    it('is every route that makes or changes keys, tenants or tokens', () => {
      expect(changesAccess.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
        [...Object.keys(BODIES), 'DELETE /keys/{id}', 'POST /auth/token', 'DELETE /auth/session'].sort(),
      );
    });

    it.each([
      ['a disabled key', 'update api_keys set is_active = false where id = $1', 403],
      ['a deleted key', 'delete from api_keys where id = $1', 401],
      ['an expired key', `update api_keys set expires_at = now() - interval '1 s' where id = $1`, 401],
      [
        'a key of a suspended tenant',
        `update tenants set status = 'suspended' where id = (select tenant_id from api_keys where id = $1)`,
        403,
      ],
    ])(
      'opens none of them any more: %s',
      async (_what, revoke, expected) => {
        for (const { method, path } of changesAccess) {
          for (const how of ['key', 'token']) {
            const home = await makeTenant();
            const [caller, target] = [await makeKey(['platform'], home), await makeKey(['read'], home)];
            const credential = how === 'key' ? { key: caller.key } : bearer(await issue(caller.key)); // both known to this process now
            expect((await call('GET', '/auth/info', credential)).status).toBe(200);
            await database.query(revoke, [caller.id]);
            const id = path.startsWith('/tenants') ? home : target.id;
            const body = BODIES[`${method} ${path}`];
            const answer = await call(method, path.replace('{id}', id), { ...credential, body });
            expect([method, path, how, answer.status]).toEqual([method, path, how, expected]);
          }
        }
        const made = await database.query(
          `select name from tenants where name = 'made-late' union all select name from api_keys where name = 'made-late'`,
        );
        expect(made).toEqual([]);
      },
      120_000,
    ); // makes 28 keys, and bcrypt takes its time
  });

  describe('in this process', () => {
    it.each<[string, (key: Key) => Promise<unknown>, number]>([
      ['disabled', ({ id }) => patch(id, { is_active: false }), 403],
      ['narrowed', ({ id }) => patch(id, { scopes: ['write'] }), 403],
      ['deleted', ({ id }) => call('DELETE', `/keys/${id}`, inTenant()), 401],
      ['rotated', ({ id }) => call('POST', `/keys/${id}/rotate`, inTenant()), 401],
    ])('is refused at once, with its tokens: a key that was %s', async (_how, revoke, expected) => {
      for (let n = 0; n < 2; n++) {
        const key = await makeKey(['read', 'write']);
        const token = await issue(key.key);
        const statuses = async () => [
          (await call('GET', '/events', { key: key.key })).status,
          (await call('GET', '/events', bearer(token))).status,
        ];
        expect(await statuses()).toEqual([200, 200]);
        await revoke(key);
        expect(await statuses()).toEqual([expected, expected]);
      }
    });

    it('is not cached by requests that were under way', async () => {
      for (let n = 0; n < 2; n++) {
        const key = await makeKey(['read']);
        const running = Array.from({ length: 10 }, () => call('GET', '/auth/info', { key: key.key })); // the first ones it ever made
        await patch(key.id, { is_active: false });
        expect((await call('GET', '/auth/info', { key: key.key })).status).toBe(403);
        await Promise.all(running);
        expect((await call('GET', '/auth/info', { key: key.key })).status).toBe(403);
      }
    });

    it('a tenant that is suspended, and works again at once when it is active', async () => {
      const home = await makeTenant();
      const { key } = await makeKey(['read'], home);
      const token = await issue(key);
      const statuses = async () => [
        (await call('GET', '/auth/info', { key: key })).status,
        (await call('GET', '/auth/info', bearer(token))).status,
      ];
      for (const [status, expected] of [
        ['active', 200],
        ['suspended', 403],
        ['active', 200],
        ['inactive', 403],
      ] as const) {
        await call('PATCH', `/tenants/${home}`, { body: { status } });
        expect(await statuses()).toEqual([expected, expected]);
      }
    });
  });

  describe('a tenant that is not active', () => {
    it('is closed to the tokens of platform keys that were made for it, on HTTP and sockets', async () => {
      for (const [status, key] of [
        ['suspended', PLATFORM_KEY],
        ['inactive', (await makeKey(['platform'])).key],
      ] as const) {
        const closing = await makeTenant();
        const token = await issue(key, { 'X-Tenant-Id': closing });
        const idle = await LiveClient.connect(api.url, { token });
        const statuses = async () => [
          (await call('GET', '/events', bearer(token))).status,
          (await call('GET', '/events', bearer(token, { 'X-Tenant-Id': closing }))).status,
          (await call('POST', '/events', { ...bearer(token), body: { event_type: 'x' } })).status,
        ];
        expect(await statuses()).toEqual([200, 200, 202]);
        await call('PATCH', `/tenants/${closing}`, { body: { status } });
        expect(await statuses()).toEqual([403, 403, 403]);
        const refusal = await LiveClient.connect(api.url, { token }).catch((error: Error) => error.message);
        expect(refusal).toBe(`The tenant ${closing} is ${status}.`);
        await eventually(() => expect(idle.disconnects).toEqual(['io server disconnect']), 5_000);
        expect((await call('GET', '/events', { key: key })).status).toBe(200); // the key itself goes on
      }
    });
  });

  const inTenant = (body?: unknown) => ({
    headers: { 'X-Tenant-Id': tenant },
    ...(body === undefined ? {} : { body }),
  });
  const patch = (id: string, body: unknown) => call('PATCH', `/keys/${id}`, inTenant(body));
});
