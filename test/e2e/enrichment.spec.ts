import { TestApi } from '../support/api.js';
import { describeApi } from '../support/fixture.js';

interface Event {
  id: string;
  enrichment: Record<string, unknown>;
}

describeApi('enrichment', { env: { TRUST_PROXY: 'loopback' } }, (api, { database }) => {
  let tenant: string;
  let key: string;

  beforeAll(async () => {
    tenant = await api.createTenant('Acme');
    key = await api.createKey(tenant, ['read', 'write']);
  });

  const send = async (body: object = {}, headers: Record<string, string> = {}, at = api) =>
    (await at.call<Event>('POST', '/events', { key, body: { event_type: 'login', ...body }, headers })).body.id;
  const read = async (id: string) => (await api.get<Event>(`/events/${id}`, key)).body;
  const enrich = (id: string, properties: unknown, as = key, query = '') =>
    api.call<Event>('PUT', `/events/${id}/enrich${query}`, { key: as, body: { additional_properties: properties } });

  describe('by clients', () => {
    it('is merged by name and answered with the event', async () => {
      const id = await send({ event_id: 'mine', payload: { a: 1 } });
      expect((await enrich(id, { segment: 'small', score: { a: 1, b: 2 } })).status).toBe(200);
      const { status, body } = await enrich('mine', { segment: 'large', score: { c: 3 } });
      expect([status, body]).toMatchObject([
        200,
        { id, payload: { a: 1 }, enrichment: { segment: 'large', score: { c: 3 } } },
      ]);
      expect(await read(id)).toEqual(body);
      expect((await enrich(id, {})).body).toEqual(body);
      const admin = await api.createKey(tenant, ['admin'], 'crm');
      const byAdmin = await api.call<Event>('PUT', '/events/mine/enrich?client_id=shop', {
        key: admin,
        body: { additional_properties: { by: 'crm' } },
      });
      expect(byAdmin.body.enrichment).toMatchObject({ segment: 'large', by: 'crm' });
    });

    it("is for a client's own events, and tells a key that may not read their ids alone", async () => {
      const [mine, writer] = [
        await send({ event_id: 'own-1', payload: { a: 1 } }),
        await api.createKey(tenant, ['write']),
      ];
      for (const id of [mine, 'own-1']) {
        expect((await enrich(id, { b: 2 }, writer)).body).toEqual({ id: mine, event_id: 'own-1' });
      }
      const crm = await api.createKey(tenant, ['read', 'write'], 'crm');
      const refused = [
        await enrich(mine, { by: 'crm' }, crm),
        await enrich('own-1', { by: 'crm' }, crm),
        await enrich('own-1', { by: 'crm' }, crm, '?client_id=shop'),
        await enrich(mine, { by: 'crm' }, crm, '?client_id=shop'),
      ];
      const unknown = await enrich('01a1fb00-0000-7000-8000-000000000000', { by: 'crm' }, crm);
      for (const { status, body } of [...refused, unknown]) {
        expect([status, (body as unknown as { detail: string }).detail]).toEqual([
          404,
          'There is no event with this id.',
        ]);
      }
      expect((await read(mine)).enrichment).not.toHaveProperty('by');
    });

    it("finds a client's own event whose event_id is the server's id of another client's", async () => {
      const foreign = await send({ event_id: 'own-2' });
      const crm = await api.createKey(tenant, ['read', 'write'], 'crm');
      const { body } = await api.post<Event>('/events', { event_type: 'login', event_id: foreign }, crm);
      expect((await enrich(foreign, { by: 'crm' }, crm)).body).toMatchObject({
        id: body.id,
        enrichment: { by: 'crm' },
      });
      expect((await read(foreign)).enrichment).not.toHaveProperty('by');
    });

    it('loses nothing when calls come at the same time', async () => {
      const id = await send();
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => enrich(id, { [`p${n}`]: n, last: n })));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const { enrichment } = await read(id);
      for (let n = 0; n < 50; n++) expect(enrichment[`p${n}`]).toBe(n);
    });

    it('is bounded: 64 KiB and 1,000 names in all, and nothing that cannot be stored', async () => {
      const id = await send();
      expect((await enrich(id, { text: 'x'.repeat(40_000) })).status).toBe(200);
      expect((await enrich(id, { more: 'x'.repeat(40_000) })).status).toBe(422);
      expect((await enrich(id, { text: 'short' })).status).toBe(200);
      const names = (from: number) => Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`n${from + n}`, 1]));
      expect([(await enrich(id, names(0))).status, (await enrich(id, names(600))).status]).toEqual([200, 422]);
      expect((await enrich(id, { text: 'changed' })).body.enrichment).not.toHaveProperty('n600');
      for (const wrong of [{ a: 'NUL\0' }, { a: '\ud800' }, { 'k\0': 1 }, 'text', null, [1], 7]) {
        expect((await enrich(id, wrong)).status).toBe(400);
      }
      const deep = `{"additional_properties":{"a":${'['.repeat(40)}${']'.repeat(40)}}}`;
      expect((await api.call('PUT', `/events/${id}/enrich`, { key, body: deep })).status).toBe(400);
      for (const body of [{}, { additional_properties: {}, extra: 1 }, []]) {
        expect((await api.call('PUT', `/events/${id}/enrich`, { key, body })).status).toBe(400);
      }
    });

    it('needs the scope write and an event of the tenant', async () => {
      const id = await send();
      const foreign = await api.createKey(await api.createTenant('Other'), ['write']);
      expect((await enrich(id, { a: 1 }, foreign)).status).toBe(404);
      expect((await enrich(id, { a: 1 }, await api.createKey(tenant, ['read']))).status).toBe(403);
      expect((await enrich('nothing', { a: 1 })).status).toBe(404);
      expect((await read(id)).enrichment).not.toHaveProperty('a');
    });

    it('does not make a repeat of the event a conflict', async () => {
      const id = await send({ event_id: 'again' });
      await enrich(id, { a: 1 });
      const { body } = await api.post<{ duplicate: boolean }>(
        '/events',
        { event_type: 'login', event_id: 'again' },
        key,
      );
      expect(body).toMatchObject({ id, duplicate: true });
    });
  });

  describe('from the request', () => {
    const headers = {
      'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      'X-Forwarded-For': '203.0.113.77',
    };
    const context = {
      ip: '203.0.113.0',
      user_agent: headers['User-Agent'],
      browser: { name: 'Firefox', version: '145.0' },
      os: { name: 'Linux', version: null },
      device: 'desktop',
    };

    it('says what sent the event, without the last part of its address', async () => {
      const id = await send({}, headers);
      expect((await read(id)).enrichment).toEqual({ context });
      const { body } = await api.get<{ data: Event[] }>('/events?limit=1', key);
      expect(body.data[0]?.enrichment).toEqual({ context });
      expect((await enrich(id, { a: 1 })).body.enrichment).toEqual({ context, a: 1 });
      expect((await enrich(id, { context: 'mine' })).body.enrichment).toEqual({ context: 'mine', a: 1 });
    });

    it('is right for each request of a shared commit, and stored once per content', async () => {
      const agents = Array.from({ length: 5 }, (_, n) => ({ ...headers, 'User-Agent': `sdk/${n}` }));
      const sent = await Promise.all(
        Array.from({ length: 40 }, (_, n) => send({}, agents[n % 5]).then((id) => [id, n % 5] as const)),
      );
      for (const [id, n] of sent) {
        expect((await read(id)).enrichment).toMatchObject({ context: { ip: '203.0.113.0', user_agent: `sdk/${n}` } });
      }
      const rows = await database.query(
        `select * from event_contexts where tenant_id = $1 and user_agent like 'sdk/%'`,
        [tenant],
      );
      expect(rows).toHaveLength(5);
    });

    it.each([
      ['full', { ...context, ip: '203.0.113.77' }],
      ['user_agent', { ...context, ip: null }],
      ['off', undefined],
    ])('is kept as far as configured: %s', async (setting, kept) => {
      const other = await TestApi.start(database.url, { TRUST_PROXY: 'loopback', EVENT_CONTEXT: setting });
      const id = await send({}, headers, other);
      expect((await read(id)).enrichment).toEqual(kept === undefined ? {} : { context: kept });
      await other.stop();
    });
  });
});
