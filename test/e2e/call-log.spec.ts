import { connect } from 'node:net';
import { eventually } from '../support/eventually.js';
import { TestApi } from '../support/api.js';
import { describeApi } from '../support/fixture.js';

interface Call {
  id: string;
  request_id: string;
  tenant_id: string;
  method: string;
  path: string;
  route: string | null;
  status_code: number;
  client_id: string | null;
  error: string | null;
  calls: number;
}

describeApi('call log', {}, (api, { database }) => {
  let tenantId: string;
  let admin: string;

  beforeAll(async () => {
    tenantId = await api.createTenant('Acme');
    admin = await api.createKey(tenantId, ['admin']);
  });

  const list = async (query = '', key = admin) =>
    (await api.get<{ data: Call[]; next_cursor: string | null }>(`/audit/logs${query}`, key)).body;
  const written = (requestId: string | null) =>
    database.query<Call>('select * from api_audit_logs where request_id = $1', [requestId]);

  it('holds a call that changed something before it is answered', async () => {
    const event = await api.post('/events', { event_type: 'x', event_id: 'trail-1' }, admin);
    const batch = await api.post('/events/batch', { events: [{ event_type: 'x' }, { event_type: 'x' }, {}] }, admin);
    const key = await api.post('/keys', { client_id: 'c', name: 'n' }, admin);
    for (const [answer, method, route] of [
      [event, 'POST', '/api/v1/events'],
      [batch, 'POST', '/api/v1/events/batch'],
      [key, 'POST', '/api/v1/keys'],
    ] as const) {
      expect(await written(answer.headers.get('x-request-id'))).toMatchObject([
        { method, route, status_code: answer.status, tenant_id: tenantId, client_id: 'shop', calls: 1 },
      ]);
    }
  });

  it('is filtered by the address of the caller, in any spelling', async () => {
    await database.query(
      `insert into api_audit_logs (tenant_id, id, request_id, method, path, status_code, duration_ms, ip, request_bytes, timestamp)
       select $1, uuidv7(), 'address ' || n, 'GET', '/address', 200, 1, ip, 0, now()
       from unnest($2::text[]) with ordinality as t (ip, n)`,
      [tenantId, ['2001:db8::1', '::ffff:192.0.2.9', '192.0.2.9', null]],
    );
    const found = async (ip: string) =>
      (await list(`?endpoint=/address&ip=${encodeURIComponent(ip)}`)).data.map((call) => call.request_id).sort();
    expect(await found('2001:DB8:0::0:1')).toEqual(['address 1']);
    for (const ip of ['192.0.2.9', '::ffff:192.0.2.9', '::ffff:c000:209']) {
      expect(await found(ip)).toEqual(['address 2', 'address 3']);
    }
    expect(await found('192.0.2')).toEqual([]);
  });

  it('writes calls that come at the same time in few commits, each before its answer', async () => {
    const { body } = await api.post<{ id: string }>('/events', { event_type: 'x', event_id: 'together' }, admin);
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const { status, headers } = await api.call('PUT', `/events/${body.id}/enrich`, {
          key: admin,
          body: { additional_properties: { [`p${n}`]: n } },
        });
        return { status, rows: await written(headers.get('x-request-id')) };
      }),
    );
    for (const { status, rows } of answers) expect({ status, calls: rows.length }).toEqual({ status: 200, calls: 1 });
    const [commits] = await database.query<{ n: number }>(
      `select count(distinct xmin::text)::int as n from api_audit_logs where method = 'PUT'`,
    );
    expect(commits!.n).toBeLessThan(60);
  });

  it('keeps of an address what EVENT_CONTEXT keeps of it', async () => {
    for (const [setting, ip] of [
      ['truncated', '203.0.113.0'],
      ['full', '203.0.113.77'],
    ]) {
      const other = await TestApi.start(database.url, { TRUST_PROXY: 'loopback', EVENT_CONTEXT: setting });
      const headers = { 'X-Forwarded-For': '203.0.113.77' };
      const answer = await other.call('POST', '/events', { key: admin, body: { event_type: 'x' }, headers });
      expect(await written(answer.headers.get('x-request-id'))).toMatchObject([{ ip }]);
      await other.stop();
    }
  });

  it('holds every other call a second later: reads, repeats, refusals', async () => {
    const answers = [
      await api.get('/events?limit=1', admin),
      await api.post('/events', { event_type: 'x', event_id: 'trail-1' }, admin),
      await api.post('/events', { event_type: 'y', event_id: 'trail-1' }, admin),
      await api.post('/events', { event_typ: 'y' }, admin),
      await api.get('/events/nothing', admin),
      await api.post('/tenants', { name: 'no' }, admin),
      await api.get('/nowhere', admin),
      await api.call('GET', '/health', { key: null }),
    ];
    await eventually(async () => {
      for (const { status, headers } of answers) {
        const rows = await written(headers.get('x-request-id'));
        expect(rows).toHaveLength(1);
        expect(rows[0]!.status_code).toBe(status);
      }
    }, 3_000);
    const [refused] = await written(answers[3]!.headers.get('x-request-id'));
    expect(refused).toMatchObject({ status_code: 400, error: expect.stringContaining('event_typ') as string });
  });

  it('holds a call whose address is whole', async () => {
    const { host, port } = new URL(api.url);
    const head = [`GET http://${host}/api/v1/auth/info HTTP/1.1`, `Host: ${host}`, `X-API-Key: ${admin}`];
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    socket.write(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    let answer = '';
    for await (const bytes of socket) answer += String(bytes);
    expect(answer).toMatch(/^HTTP\/1.1 200/);
    const requestId = /^x-request-id: (.*)$/im.exec(answer)![1]!.trim();
    await eventually(async () => expect(await written(requestId)).toHaveLength(1));
  });

  it('never holds a secret', async () => {
    const secret = 'tmk_abcdefghijklmnop_secret-that-must-not-be-kept-0123456789abcd';
    await api.call('GET', `/auth/info?api_key=${secret}`, { key: null });
    await api.call('GET', '/auth/info', { key: null, headers: { Authorization: `Bearer ${secret}` } });
    await api.get('/auth/info', admin);
    await eventually(async () => {
      const rows = await database.query(`select * from api_audit_logs where path like '%auth/info'`);
      expect(rows.length).toBeGreaterThanOrEqual(3);
      expect(JSON.stringify(rows)).not.toMatch(/secret-that|tmk_/);
    });
  });

  it('is shown to its own tenant only, filtered and paged', async () => {
    const other = await api.createKey(await api.createTenant('Globex'), ['admin']);
    await api.get('/events?limit=1', other);
    await eventually(async () => expect((await list('', other)).data.length).toBeGreaterThan(0));
    const foreign = (await list('?limit=1000', other)).data;
    expect(new Set(foreign.map((call) => call.tenant_id)).has(tenantId)).toBe(false);
    const mine = (await list('?limit=1000')).data;
    expect(new Set(mine.map((call) => call.tenant_id))).toEqual(new Set([tenantId]));
    expect((await list('?method=post&limit=1000')).data.every((call) => call.method === 'POST')).toBe(true);
    expect((await list('?endpoint=batch')).data.map((call) => call.path)).toEqual(['/api/v1/events/batch']);
    expect((await list('?min_status=400&limit=1000')).data.every((call) => call.status_code >= 400)).toBe(true);
    expect((await list('?status_code=422')).data).toHaveLength(1);
    expect((await list('?client_id=nobody')).data).toEqual([]);
    const [newest] = (await list('?limit=1')).data;
    expect((await list(`?request_id=${newest?.request_id}`)).data).toEqual([newest]);
    expect((await list('?request_id=nobody')).data).toEqual([]);
    const first = await list('?limit=2');
    const second = await list(`?limit=2&cursor=${first.next_cursor}`);
    expect(first.data.at(-1)!.id > second.data[0]!.id).toBe(true);
    expect(new Set([...first.data, ...second.data].map(({ id }) => id)).size).toBe(4);
  });

  it('folds a flood of refusals into few rows that still count all of it', async () => {
    const before = await database.query<{ n: number }>(
      'select count(*)::int as n from api_audit_logs where status_code in (401, 429)',
    );
    await Promise.all(Array.from({ length: 200 }, () => api.get('/auth/info', 'not-a-key-at-all-0123')));
    await api.stop(); // closes the minute
    const after = await database.query<{ rows: number; calls: number }>(
      'select count(*)::int as rows, sum(calls)::int as calls from api_audit_logs where status_code in (401, 429)',
    );
    expect(after[0]!.calls - before[0]!.n).toBeGreaterThanOrEqual(200);
    expect(after[0]!.rows - before[0]!.n).toBeLessThanOrEqual(44); // two statuses, perhaps two minutes
    await api.launch(database.url);
  });

  it('folds every other call without a key as well', async () => {
    const proxied = await TestApi.start(database.url, { TRUST_PROXY: 'loopback', EVENT_CONTEXT: 'full' });
    const headers = { 'X-Forwarded-For': '203.0.113.78' };
    const asks: [string, string, number][] = [
      ['GET', '/nothing/here', 404],
      ['GET', '/events/%zz', 400],
      ['GET', '/health', 200],
      ['POST', '/auth/token', 401],
    ];
    for (const [method, path, expected] of asks) {
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => proxied.call(method, path, { key: null, headers })),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => expected));
    }
    await proxied.stop(); // closes the minute
    const rows = await database.query<{ status_code: number; rows: number; calls: number }>(
      `select status_code, count(*)::int as rows, sum(calls)::int as calls
       from api_audit_logs where ip = '203.0.113.78' group by 1 order by 1`,
    );
    const expected = asks.map(([, , status_code]) => status_code).sort((a, b) => a - b);
    expect(rows.map(({ status_code }) => status_code)).toEqual(expected);
    for (const row of rows) {
      expect(row.calls).toBe(30);
      expect(row.rows).toBeLessThanOrEqual(22); // perhaps two minutes
    }
  });

  it('holds the address of the client in one spelling, or that of the connection', async () => {
    const proxied = await TestApi.start(database.url, { TRUST_PROXY: 'loopback', EVENT_CONTEXT: 'full' });
    const spellings: [string, string][] = [
      ['203.0.113.9:5678', '203.0.113.9'],
      ['::ffff:203.0.113.9', '203.0.113.9'],
      ['[2001:DB8::0:1]:443', '2001:db8::1'],
      ['fe80::1%eth0', 'fe80::1'],
      ['unknown', '127.0.0.1'],
      ['_hidden', '127.0.0.1'],
      ["'; drop table x --", '127.0.0.1'],
    ];
    try {
      for (const [n, [forwarded, ip]] of spellings.entries()) {
        const options = { key: admin, headers: { 'X-Forwarded-For': forwarded } };
        const event = { event_type: 'x', event_id: `spelling-${n}` };
        const stored = await proxied.call<{ id: string }>('POST', '/events', { ...options, body: event });
        const read = await proxied.call('GET', '/auth/info', options);
        for (const { headers } of [stored, read]) {
          const rows = await eventually(async () => {
            const found = await database.query<{ ip: string }>('select ip from api_audit_logs where request_id = $1', [
              headers.get('x-request-id'),
            ]);
            expect(found).toHaveLength(1);
            return found;
          });
          expect([forwarded, rows[0]!.ip]).toEqual([forwarded, ip]);
        }
        const { body } = await proxied.get<{ enrichment: { context: { ip: string } } }>(
          `/events/${stored.body.id}`,
          admin,
        );
        expect([forwarded, body.enrichment.context.ip]).toEqual([forwarded, ip]);
      }
    } finally {
      await proxied.stop();
    }
  });

  it('is exported as csv and ndjson', async () => {
    const get = async (format: string) => {
      const response = await fetch(`${api.url}/api/v1/audit/logs/export?format=${format}&method=POST`, {
        headers: { 'X-API-Key': admin },
      });
      return { response, text: await response.text() };
    };
    const csv = await get('csv');
    expect(csv.response.headers.get('content-disposition')).toMatch(
      /^attachment; filename="api-calls_[\d-]+_[\d-]+\.csv"$/,
    );
    expect(csv.text.split('\n')[0]).toMatch(/^timestamp,id,request_id,/);
    const ndjson = await get('ndjson');
    const rows = ndjson.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Call);
    expect(rows.length).toBe(csv.text.trim().split('\n').length - 1);
    expect(rows.every((row) => row.method === 'POST' && row.tenant_id === tenantId)).toBe(true);
  });

  it('cannot be changed by the application; retention alone removes what is past its time', async () => {
    const [grants] = await database.query<{ app: boolean; system: boolean }>(
      `select has_table_privilege('tidemark_app', 'api_audit_logs', 'insert, update, delete, truncate') as app,
              has_table_privilege('tidemark_system', 'api_audit_logs', 'update, truncate') as system`,
    );
    expect(grants).toEqual({ app: false, system: false });
  });
});
