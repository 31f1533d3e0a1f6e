import { readXlsx } from 'hucre/xlsx';
import { describeApi } from '../support/fixture.js';

interface AuditEvent {
  id: string;
  event_timestamp: string;
  functionality: string;
  event_type: string;
  store_id: number | null;
  user: string | null;
  message: string | null;
}

interface Page {
  data: AuditEvent[];
  page_number: number;
  page_size: number;
  total: number;
}

const EVENT = {
  event_timestamp: '2025-09-25T10:30:00Z',
  functionality: 'Authenticate',
  event_type: 'Login',
  store_id: 101,
  company_id: 5001,
  user: 'jdoe',
  message: 'User logged in successfully',
  status: 'Success',
  additional_data: { ip: '192.168.1.10', browser: 'Chrome' },
};

describeApi('audit events', { env: { RATE_LIMIT_REQUESTS: '1000000' } }, (api) => {
  let tenantId: string;
  let key: string;

  beforeEach(async () => {
    tenantId = await api.createTenant(`tenant ${Math.random()}`);
    key = await api.createKey(tenantId, ['admin']);
  });

  const create = (event: object) => api.post<AuditEvent>('/audit-events/create', event, key);
  const search = async (query = '') => (await api.get<Page>(`/audit-events/search${query}`, key)).body;
  const exported = async (query: string) => {
    const response = await fetch(`${api.url}/api/v1/audit-events/export${query}`, { headers: { 'X-API-Key': key } });
    const workbook = await readXlsx(new Uint8Array(await response.arrayBuffer()));
    return { response, rows: workbook.sheets[0]!.rows };
  };

  it('are created, and are entries of /logs too', async () => {
    const { status, body } = await create(EVENT);
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...EVENT, event_timestamp: '2025-09-25T10:30:00.000Z' });
    expect((await api.get('/audit-events/recent', key)).body).toEqual({ data: [body] });
    const { body: entry } = await api.get(`/logs/${body.id}`, key);
    expect(entry).toMatchObject({
      action_type: 'EVENT',
      severity: 'INFO',
      resource_type: 'Authenticate',
      resource_id: 'Login',
      user_id: 'jdoe',
      metadata: EVENT.additional_data,
      store_id: 101,
    });
  });

  it('are created once for an Idempotency-Key', async () => {
    const headers = { 'Idempotency-Key': 'once' };
    const send = (body: object) => api.call<AuditEvent>('POST', '/audit-events/create', { key, body, headers });
    const [first, again] = [await send(EVENT), await send(EVENT)];
    expect([first.status, again.status, again.body.id]).toEqual([201, 201, first.body.id]);
    expect((await send({ ...EVENT, message: 'other' })).status).toBe(422);
    expect((await search()).total).toBe(1);
    const logs = [1, 2].map((n) => ({ action_type: 'VIEW', resource_type: 'a', resource_id: `${n}` }));
    const bulk = () => api.call('POST', '/logs/bulk', { key, body: { logs }, headers: { 'Idempotency-Key': 'bulk' } });
    expect((await bulk()).body).toMatchObject({ created: 2, duplicates: 0 });
    expect((await bulk()).body).toMatchObject({ created: 0, duplicates: 2 });
    const differs = await api.call('POST', '/logs', { key, body: { ...logs[0], idempotency_key: 'x' }, headers });
    expect(differs).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  it('are found and shown in the time zone asked for', async () => {
    await create({ ...EVENT, event_timestamp: '2025-03-09T07:59:59.5Z' });
    await create({ ...EVENT, event_timestamp: '2025-03-09T08:00:00.123456Z' });
    const shown = async (query: string) =>
      (await search(`?tz=America/Chicago&${query}`)).data.map((e) => e.event_timestamp);
    const [winter, summer] = ['2025-03-09T01:59:59.500-06:00', '2025-03-09T03:00:00.123456-05:00'];
    expect(await shown('from_date=2025-03-09&to_date=2025-03-10')).toEqual([summer, winter]);
    expect(await shown('from_date=2025-03-09T02:00&to_date=2025-03-10')).toEqual([summer]);
    expect(await shown('to_date=2025-03-09T02:00')).toEqual([winter]);
    const { body } = await api.get<{ data: AuditEvent[] }>('/audit-events/recent?tz=America/Chicago', key);
    expect(body.data.map((event) => event.event_timestamp)).toEqual([summer, winter]);
    expect((await search()).data.map((event) => event.event_timestamp.slice(-1))).toEqual(['Z', 'Z']);
    expect((await api.get('/audit-events/search?tz=Mars/Olympus', key)).status).toBe(400);
  });

  it('are refused with what is wrong', async () => {
    for (const [change, status, sentence] of [
      [{ functionality: 'Cooking' }, 422, /no functionality "Cooking"/],
      [
        { event_type: 'Dance' },
        422,
        /^"Authenticate" has no such event type; it has Login, Logout, Sign up, Reset Password/,
      ],
      [{ event_type: undefined }, 400, /event_type is missing/],
      [{ status: 'Maybe' }, 400, /status must be one of Success, Failed/],
      [{ store_id: '101' }, 400, /store_id must be a whole number/],
      [{ store_id: 2 ** 60 }, 400, /store_id must be a whole number/],
      [{ event_timestamp: 'yesterday' }, 400, /event_timestamp must be/],
      [{ extra: 1 }, 400, /extra is not a known field/],
      [{ tenant_id: 'x' }, 400, /tenant_id belongs elsewhere: .* X-Tenant-Id/],
    ] as const) {
      const answer = await create({ ...EVENT, ...change });
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({ detail: expect.stringMatching(sentence) as string });
    }
  });

  it('have a catalogue that a tenant extends for itself', async () => {
    const types = (name: string, as = key) =>
      api.get<{ event_types: string[] }>(
        `/audit-events/get-eventtypenames-by-functionalityname?functionality_name=${encodeURIComponent(name)}`,
        as,
      );
    expect((await types('Price Management')).body).toEqual({
      functionality: 'Price Management',
      event_types: [
        'Item updated',
        'Item updates picked up by publisher',
        'Item updates pushed to rabbit MQ',
        'Item updates acknowledgement received',
      ],
    });
    expect((await types('Inventory')).status).toBe(404);
    const added = { functionality: 'Inventory', event_types: ['Counted', 'Corrected'] };
    expect(await api.post('/audit-events/functionalities', added, key)).toMatchObject({ status: 201, body: added });
    await api.post(
      '/audit-events/functionalities',
      { functionality: 'Authenticate', event_types: ['Locked', 'Login'] },
      key,
    );
    expect((await types('Authenticate')).body.event_types.sort()).toEqual([
      'Locked',
      'Login',
      'Logout',
      'Reset Password',
      'Sign up',
    ]);
    expect((await create({ ...EVENT, functionality: 'Inventory', event_type: 'Counted' })).status).toBe(201);
    expect((await create({ ...EVENT, event_type: 'Locked' })).status).toBe(201);
    const catalogue = async (as: string) =>
      (await api.get<{ data: { functionality: string; event_types: string[] }[] }>('/audit-events/functionalities', as))
        .body.data;
    expect(await catalogue(key)).toEqual([
      {
        functionality: 'Authenticate',
        event_types: ['Login', 'Logout', 'Sign up', 'Reset Password', 'Locked'],
      },
      added,
      (await types('Price Management')).body,
    ]);
    const other = await api.createKey(await api.createTenant(`other ${Math.random()}`), ['admin']);
    expect((await catalogue(other)).map(({ functionality }) => functionality)).toEqual([
      'Authenticate',
      'Price Management',
    ]);
    expect((await types('Inventory', other)).status).toBe(404);
    expect((await types('Authenticate', other)).body.event_types).not.toContain('Locked');
    const reader = await api.createKey(tenantId, ['write']);
    expect((await api.post('/audit-events/functionalities', added, reader)).status).toBe(403);
  });

  it('are searched page by page with a total', async () => {
    for (let n = 0; n < 12; n++) {
      await create({
        ...EVENT,
        event_timestamp: `2025-09-${10 + n}T10:00:00Z`,
        store_id: n % 2,
        company_id: 7,
        user: n < 3 ? 'ann' : 'bob',
        message: n % 3 === 0 ? '100% of *stock*' : 'plain',
        event_type: n % 2 === 0 ? 'Login' : 'Logout',
      });
    }
    const first = await search('?page_size=5');
    expect(first).toMatchObject({ page_number: 1, page_size: 5, total: 12 });
    const pages = [first, await search('?page_size=5&page_number=2'), await search('?page_size=5&page_number=3')];
    const times = pages.flatMap(({ data }) => data.map((event) => event.event_timestamp));
    expect(times).toHaveLength(12);
    expect(times).toEqual([...times].sort().reverse());
    expect((await search('?page_size=5&page_number=4')).data).toEqual([]);
    expect((await search('?user=ann')).total).toBe(3);
    expect((await search('?store_id=1&company_id=7')).total).toBe(6);
    expect((await search('?message_pattern=0%25%20of%20*ST')).total).toBe(4);
    expect((await search('?message_pattern=%25')).total).toBe(4);
    expect((await search('?message_pattern=p%25n')).total).toBe(0);
    expect((await search('?from_date=2025-09-12T10:00:00Z&to_date=2025-09-14T10:00:00Z')).total).toBe(2);
    expect((await search('?functionality=Price%20Management')).total).toBe(0);
    await create({ ...EVENT, event_timestamp: '2025-09-10T09:00:00Z', status: 'Failed', event_type: 'Logout' });
    expect((await search('?event_type=Logout')).total).toBe(7);
    expect((await search('?status=Failed')).total).toBe(1);
    expect((await search('?status=Success&event_type=Logout&store_id=1')).total).toBe(6);
    expect((await exported('?event_type=Logout&status=Failed')).rows).toHaveLength(2);
    for (const wrong of [
      'page_number=1000000000',
      'page_number=0',
      'page_size=5001',
      'from_date=x',
      `message_pattern=${'x'.repeat(201)}`,
      'from_date=2025-09-12T10:00:00Z&to_date=2025-09-11T10:00:00Z',
      'status=Maybe',
      'tenant_id=1',
    ]) {
      expect((await api.get(`/audit-events/search?${wrong}`, key)).status).toBe(400);
    }
  });

  it('leave entries of other kinds out', async () => {
    await api.post('/logs', { action_type: 'VIEW', resource_type: 'x', resource_id: '1' }, key);
    await create(EVENT);
    expect((await api.get<Page>('/audit-events/recent', key)).body.data).toHaveLength(1);
    expect((await search()).total).toBe(1);
  });

  it('are exported as a workbook, in the time zone asked for', async () => {
    await create(EVENT);
    await create({ ...EVENT, event_timestamp: '2025-12-25T10:30:00Z', message: '=1+1', user: '_x0041_' });
    const { response, rows } = await exported('?functionality=Authenticate&tz=America/Chicago');
    expect(response.headers.get('content-type')).toMatch(/spreadsheetml/);
    const today = new Date().toISOString().slice(0, 10);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="audit-events_until_${today}.xlsx"`);
    const [header, ...data] = rows as string[][];
    const names = ['event_timestamp', 'functionality', 'event_type', 'store_id', 'company_id', 'user', 'message'];
    expect(header).toEqual([...names, 'status', 'additional_data', 'id', 'created_at']);
    const column = (name: string) => data.map((row) => row[header!.indexOf(name)]);
    expect(column('event_timestamp')).toEqual([new Date('2025-12-25T04:30:00Z'), new Date('2025-09-25T05:30:00Z')]);
    expect(column('message')).toEqual(['=1+1', EVENT.message]);
    expect(column('user')).toEqual(['_x0041_', 'jdoe']);
    const recent = await exported('?recent=true');
    expect(recent.rows).toHaveLength(3);
    expect(recent.response.headers.get('content-disposition')).toContain(`"audit-events_recent_${today}.xlsx"`);
    const august = await exported('?from_date=2025-08-01T00:00:00Z&to_date=2025-09-01T00:00:00Z');
    expect(august.response.headers.get('content-disposition')).toContain('"audit-events_2025-08-01_2025-09-01.xlsx"');
    expect((await exported('?page_number=2&page_size=1')).rows).toHaveLength(2);
    const { body } = await api.get<{ data: { metadata: object }[] }>('/logs?resource_type=export', key);
    expect(body.data).toHaveLength(4);
    expect(body.data[3]!.metadata).toMatchObject({ format: 'xlsx', functionality: 'Authenticate' });
  });
});
