import { createHmac, generateKeyPairSync } from 'node:crypto';
import { eventually } from '../support/eventually.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { describeApi } from '../support/fixture.js';

const SECRET = 'a-secret-of-the-test-suite-0123456789';
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(header: object, payload: object, secret = SECRET): string {
  const body = `${encode(header)}.${encode(payload)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

describeApi('access tokens', { env: { JWT_SECRET: SECRET, TRUST_PROXY: '1' } }, (api, { database }) => {
  let admin: string;

  beforeAll(async () => {
    admin = await api.createKey(await api.createTenant('Acme'), ['admin']);
  });

  let callers = 0;
  /** Each call comes from another address: what is refused here is refused for the token, not for too many attempts. */
  const bearer = (token: string, path = '/auth/info') =>
    api.call('GET', path, {
      key: null,
      headers: { Authorization: `Bearer ${token}`, 'X-Forwarded-For': `10.0.${(callers += 1) >> 8}.${callers & 255}` },
    });
  const issue = async (key: string) =>
    (await api.post<{ access_token: string }>('/auth/token', {}, key)).body.access_token;
  const makeKey = async (scopes: string[]) =>
    (await api.post<{ id: string; key: string }>('/keys', { client_id: 'app', name: 'App', scopes }, admin)).body;

  it('stand for their key', async () => {
    const { id, key } = await makeKey(['read']);
    const answer = await api.post('/auth/token', {}, key);
    expect(answer.body).toEqual({ access_token: expect.any(String) as string, token_type: 'Bearer', expires_in: 900 });
    const info = await bearer(answer.body['access_token'] as string);
    expect(info.body).toMatchObject({ key_id: id, client_id: 'app', scopes: ['read'] });
    expect((await bearer(await issue(PLATFORM_KEY), '/tenants')).status).toBe(200);
  });

  it('die with their key, and narrow with it', async () => {
    const [gone, disabled, narrowed] = [
      await makeKey(['read']),
      await makeKey(['read']),
      await makeKey(['read', 'write']),
    ];
    const tokens = await Promise.all([gone, disabled, narrowed].map(({ key }) => issue(key)));
    const statuses = () => Promise.all(tokens.map(async (token) => (await bearer(token, '/events')).status));
    expect(await statuses()).toEqual([200, 200, 200]);
    await api.call('DELETE', `/keys/${gone.id}`, { key: admin });
    await api.call('PATCH', `/keys/${disabled.id}`, { key: admin, body: { is_active: false } });
    await api.call('PATCH', `/keys/${narrowed.id}`, { key: admin, body: { scopes: ['write'] } });
    await eventually(async () => expect(await statuses()).toEqual([401, 403, 403]), 2_000);
  });

  it('are refused when forged, expired, or made for somebody else', async () => {
    const { id } = await makeKey(['read']);
    const now = Math.floor(Date.now() / 1_000);
    const good = { iss: 'tidemark', aud: 'tidemark-api', sub: id, tenant: 'x', scope: 'read', iat: now, exp: now + 60 };
    const header = { alg: 'HS256', typ: 'JWT' };
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ format: 'pem', type: 'spki' }) as string;
    const forged = [
      sign({ ...header, alg: 'none' }, good).replace(/[^.]*$/, ''),
      sign({ ...header, alg: 'None' }, good),
      sign({ ...header, alg: 'HS512' }, good),
      sign({ ...header, alg: 'EdDSA' }, good),
      sign(header, good, 'another-secret-of-some-length-012345'),
      sign(header, good, pem),
      sign({ ...header, kid: '../../etc/passwd' }, good, ''),
      sign({ ...header, jku: 'http://127.0.0.1/keys' }, good, 'x'),
      sign(header, { ...good, exp: now - 1 }),
      sign(header, { ...good, exp: undefined }),
      sign(header, { ...good, nbf: now + 600 }),
      sign(header, { ...good, aud: 'tidemark' }),
      sign(header, { ...good, iss: 'tidemark-api' }),
      sign(header, { ...good, sub: undefined }),
      sign(header, { ...good, sub: '01a1fb00-0000-7000-8000-000000000000' }),
      sign(header, good).split('.').slice(0, 2).join('.'),
      `${sign(header, good)}x`,
      `eyJ${'A'.repeat(1_000)}`,
      'eyJ..',
    ];
    for (const token of forged) expect([token, (await bearer(token)).status]).toEqual([token, 401]);
  });

  it('are not exchanged for tokens, whatever scopes they have', async () => {
    for (const key of [PLATFORM_KEY, admin, (await makeKey(['read'])).key]) {
      const token = await issue(key);
      for (const headers of [{ Authorization: `Bearer ${token}` }, { 'X-API-Key': token }] as Record<
        string,
        string
      >[]) {
        const { status, body } = await api.call('POST', '/auth/token', { key: null, headers });
        expect([status, body['detail']]).toEqual([
          403,
          'A token cannot be exchanged for another. Send the API key itself.',
        ]);
      }
    }
  });

  it('take no tenant from their claims that the key does not give', async () => {
    const { key, id } = await makeKey(['read']);
    const token = await issue(key);
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
      sub: string;
      tenant: string;
    };
    expect(claims.sub).toBe(id);
    const other = await api.createTenant('Globex');
    const moved = sign({ alg: 'HS256', typ: 'JWT' }, { ...claims, tenant: other });
    expect((await bearer(moved)).status).toBe(401); // even with the right signature
  });

  it('are signed with Ed25519 when there is such a key, and then no HS256 token counts', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const other = await TestApi.start(database.url, { JWT_PRIVATE_KEY: der, JWT_SECRET: SECRET });
    const { body } = await other.post<{ access_token: string }>('/auth/token', {}, admin);
    expect(JSON.parse(Buffer.from(body.access_token.split('.')[0]!, 'base64url').toString())).toMatchObject({
      alg: 'EdDSA',
    });
    const use = (token: string) =>
      other.call('GET', '/auth/info', { key: null, headers: { Authorization: `Bearer ${token}` } });
    expect((await use(body.access_token)).status).toBe(200);
    expect((await use(await issue(admin))).status).toBe(401);
    await other.stop();
  });
});
