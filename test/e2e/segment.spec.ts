import { Analytics } from '@segment/analytics-node';
import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

interface Row {
  event_id: string;
  event_type: string;
  user_id: string | null;
  event_time: Date;
  payload: Record<string, unknown>;
}

describeApi("Segment's tracking API", { env: { RATE_LIMIT_REQUESTS: '100000' } }, (api, { database }) => {
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['track']);
  });

  const basic = (user = key) => ({ Authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}` });

  async function send(path: string, body: unknown, headers: Record<string, string> = basic()) {
    const response = await fetch(`${api.url}${path}`, {
      method: 'POST',
      headers,
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  const readOnlyKey = async () => api.createKey(await api.createTenant('Readers'), ['read']);
  const stored = (id: string) => database.query<Row>('select * from events where event_id = $1', [id]);

  it('takes 1,000 events from the Node SDK, and resending them changes nothing', async () => {
    const bodies: string[] = [];
    const errors: unknown[] = [];
    const sdk = new Analytics({ writeKey: key, host: api.url, flushAt: 100, flushInterval: 50 });
    sdk.on('error', (error) => errors.push(error));
    sdk.on('http_request', ({ body }) => bodies.push(body));
    for (let n = 0; n < 1_000; n++) sdk.track({ userId: `u-${n % 50}`, event: 'Node SDK', properties: { n } });
    await sdk.closeAndFlush();
    expect(errors).toEqual([]);
    const count = async () =>
      (await database.query<{ n: number }>(`select count(*)::int n from events where event_type = 'Node SDK'`))[0]?.n;
    expect(await count()).toBe(1_000);
    for (const body of bodies) {
      const later = { ...(JSON.parse(body) as object), sentAt: new Date(Date.now() + 60_000).toISOString() };
      const again = await send('/v1/batch', later);
      expect(again).toMatchObject({ status: 200, body: { accepted: 0, conflicts: 0, rejected: 0 } });
    }
    expect(await count()).toBe(1_000);
  }, 120_000);

  it('maps every call, on its long and its short address', async () => {
    const calls = [
      ['track', 't', { event: 'Signed Up', properties: { plan: 'pro' } }, 'Signed Up', { plan: 'pro' }],
      ['page', 'p', { name: 'Home', properties: { url: '/' } }, 'page', { url: '/', name: 'Home' }],
      ['screen', 's', { name: 'Main' }, 'screen', { name: 'Main' }],
      ['identify', 'i', { traits: { age: 7 } }, 'identify', { age: 7 }],
      ['group', 'g', { groupId: 'g-1', traits: { size: 2 } }, 'group', { groupId: 'g-1', size: 2 }],
      ['alias', 'a', { previousId: 'old' }, 'alias', { previousId: 'old' }],
    ] as const;
    for (const [long, short, message, type, payload] of calls) {
      for (const path of [`/v1/${long}`, `/v1/${short}`, `/${short}`]) {
        const messageId = `map-${path}`;
        const context = { ip: '1.2.3.4' };
        const answer = await send(path, { ...message, messageId, anonymousId: 'anon', context });
        expect(answer).toMatchObject({ status: 200, body: { success: true, accepted: 1 } });
        const [row] = await stored(messageId);
        expect(row).toMatchObject({ event_type: type, user_id: 'anon', payload: { ...payload, context } });
      }
    }
  });

  it('takes the key as Basic user name, as Bearer and from a text/plain body, and nothing else', async () => {
    const message = { event: 'k', userId: 'u' };
    expect((await send('/v1/track', message)).status).toBe(200);
    expect((await send('/v1/track', message, { Authorization: `Bearer ${key}` })).status).toBe(200);
    const plain = { 'Content-Type': 'text/plain' };
    expect((await send('/v1/t', { ...message, writeKey: key }, plain)).status).toBe(200);
    expect((await send('/v1/b', { batch: [{ ...message, type: 'track' }], writeKey: key }, plain)).status).toBe(200);
    const refused = await send('/v1/t', { ...message, writeKey: 'wrong' }, plain);
    expect(refused).toMatchObject({ status: 401, body: { code: 'invalid_credentials', message: 'Invalid API Key' } });
    expect((await send('/v1/t', message, plain)).body['message']).toBe('API Key is missing');
    expect((await send('/v1/t', { ...message, writeKey: key }, basic('wrong'))).status).toBe(401);
    const api1 = await fetch(`${api.url}/api/v1/events`, { method: 'POST', headers: basic(), body: '{}' });
    expect(api1.status).toBe(401);
  });

  it('puts an event where the clock of a client that is wrong would have it', async () => {
    const hour = 3_600_000;
    const wrong = (ms: number) => new Date(Date.now() + 5 * 365 * 24 * hour + ms).toISOString();
    const times = { timestamp: wrong(-hour), sentAt: wrong(0) };
    await send('/v1/track', { event: 'c', userId: 'u', messageId: 'clock-1', ...times });
    const [row] = await stored('clock-1');
    expect(Math.abs(row!.event_time.getTime() - (Date.now() - hour))).toBeLessThan(60_000);
    for (const [index, timestamp] of ['1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', 'yesterday', 7].entries()) {
      const messageId = `clock-odd-${index}`;
      expect((await send('/v1/track', { event: 'c', userId: 'u', messageId, timestamp })).status).toBe(200);
      const [odd] = await stored(messageId);
      expect(Math.abs(odd!.event_time.getTime() - Date.now())).toBeLessThan(60_000);
    }
  });

  it.each([
    ...['2026-10-01T10:00:00Z', '2026-10-01t10:00:00.000z', '2026-10-01T12:00:00+0200', '2026-10-01T12:00:00+02'],
    ...['2026-10-01T10:00:00.000:Z', '2026-10-01T10:00:00,000Z', '2026-10-01T10:00:00', '2026-10-01T10:00Z'],
    ...['2026-10-01 10:00:00', '2026-10-01 10:00:00.0000000Z', '2026-10-01 10:00:00.0 +0000 UTC m=+0.01'],
    ...['20261001T100000Z', '2026-274T10:00:00Z', '2026-W40-4T10:00:00Z', '2026-10-01T05:00:00−05:00'],
    ...['Thu, 01 Oct 2026 10:00:00 GMT', '2026-10-01 10:00:00 UTC', '1790848800', '1790848800000', 1_790_848_800],
    ...[1_790_848_800_000, 1_790_848_800_000_000, '1790848800000000000', '2026-10-01T09:59:60Z'],
  ])('reads the time %s', async (timestamp) => {
    const messageId = `spelled ${JSON.stringify(timestamp)}`;
    const answer = await send('/v1/track', { event: 't', userId: 'u', messageId, timestamp });
    expect(answer.body).toEqual({ success: true, accepted: 1, duplicates: 0, conflicts: 0, rejected: 0 });
    expect((await stored(messageId))[0]?.event_time.toISOString()).toBe('2026-10-01T10:00:00.000Z');
  });

  it('reads dates, fractions, numbers of 19 digits, and clocks without an offset by what they say of sending', async () => {
    for (const [timestamp, time] of [
      ['"2026-10-01"', '2026-10-01T00:00:00.000000Z'],
      ['"2026-10-01 10:00:00.5 +0000 UTC"', '2026-10-01T10:00:00.500000Z'],
      ['"2026-10-01T10:00:00,1234567Z"', '2026-10-01T10:00:00.123456Z'],
      ['1790848800123456789', '2026-10-01T10:00:00.123457Z'],
      ['1790848800.25', '2026-10-01T10:00:00.250000Z'],
    ]) {
      const messageId = `exact ${timestamp}`;
      await send(
        '/v1/track',
        `{"event":"t","userId":1,"messageId":${JSON.stringify(messageId)},"timestamp":${timestamp}}`,
      );
      const [row] = await database.query<{ time: string }>(
        `select to_char(event_time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time from events where event_id = $1`,
        [messageId],
      );
      expect({ timestamp, time: row?.time }).toEqual({ timestamp, time });
    }
    const local = { timestamp: '2001-01-01T10:00:00', sentAt: '2001-01-01T11:00:00' };
    await send('/v1/track', { event: 't', userId: 'u', messageId: 'local', ...local });
    const [row] = await stored('local');
    expect(Math.abs(row!.event_time.getTime() - (Date.now() - 3_600_000))).toBeLessThan(60_000);
  });

  it('says which times it could not take, in the answer and in the call log', async () => {
    const batch = [
      { type: 'track', event: 'x', userId: 'u', timestamp: 'yesterday' },
      { type: 'track', event: 'x', userId: 'u', originalTimestamp: '2026-02-30', timestamp: '2026-10-01' },
      { type: 'track', event: 'x', userId: 'u', timestamp: '9999-01-01' },
      { type: 'track', event: 'x', userId: 'u', timestamp: '', properties: [], context: [] },
    ];
    const answer = await send('/v1/batch', { batch, sentAt: 'now' });
    expect(answer).toMatchObject({ status: 200, body: { accepted: 4, rejected: 0 } });
    expect((answer.body['errors'] as { path: string }[]).map(({ path }) => path)).toEqual([
      ...['sentAt', 'batch[0].timestamp', 'batch[1].originalTimestamp', 'batch[2].timestamp'],
    ]);
    const [trail] = await database.query<{ error: string }>('select error from api_audit_logs where request_id = $1', [
      answer.headers.get('x-request-id'),
    ]);
    expect(trail?.error).toContain('0 rejected, 4 times not as sent of 4: sentAt is not a time that can be read');
  });

  it('takes Idempotency-Key for messages without an id', async () => {
    const headers = { ...basic(), 'Idempotency-Key': 'segment once' };
    const batch = [1, 2].map(() => ({ type: 'track', event: 'once', userId: 'u' }));
    const counts = [];
    for (let n = 0; n < 2; n++) counts.push((await send('/v1/batch', { batch }, headers)).body['accepted']);
    for (let n = 0; n < 2; n++) counts.push((await send('/v1/track', batch[0], headers)).body['accepted']);
    expect(counts).toEqual([2, 0, 1, 0]);
  });

  it('takes what the Kotlin SDK sends: text/plain, gzip, chunked, key in the body', async () => {
    const batch = [{ type: 'track', event: 'Kotlin', anonymousId: 'k', messageId: 'kotlin-1' }];
    const zipped = gzipSync(JSON.stringify({ batch, writeKey: key, sentAt: new Date().toISOString() }));
    const post = (path: string) =>
      new Promise((resolve, reject) => {
        const headers = { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip', 'Transfer-Encoding': 'chunked' };
        const sent = httpRequest(`${api.url}${path}`, { method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', reject);
        sent.write(zipped.subarray(0, 20));
        sent.end(zipped.subarray(20));
      });
    expect([await post('/v1/b'), await post('/b')]).toEqual([200, 200]);
    expect(await stored('kotlin-1')).toHaveLength(1);
  });

  it('takes what the Python SDK sends: gzip, key in the body or as Bearer, again after a failure', async () => {
    const json = { 'Content-Type': 'application/json', 'User-Agent': 'analytics-python/2.3.5' };
    const gzip = { ...json, 'Content-Encoding': 'gzip' };
    const body = (messageId: string, writeKey?: string) => ({
      batch: [
        { type: 'track', event: 'Python', userId: 'p', messageId, timestamp: '2026-11-20T10:00:00.123456+00:00' },
      ],
      sentAt: '2026-11-20T10:00:01.000000+00:00',
      ...(writeKey === undefined ? {} : { writeKey }),
    });
    const zip = (of: unknown) => gzipSync(JSON.stringify(of));
    const bearer = { Authorization: `Bearer ${key}` };
    const first = await send('/v1/batch', zip(body('python-1', key)), gzip);
    expect(first).toMatchObject({ status: 200, body: { accepted: 1 } });
    const again = await send('/v1/batch', zip(body('python-1', key)), { ...gzip, ...basic(), 'X-Retry-Count': '3' });
    expect(again).toMatchObject({ status: 200, body: { accepted: 0, duplicates: 1 } });
    expect(await send('/v1/batch', body('python-2'), { ...json, ...bearer })).toMatchObject({ body: { accepted: 1 } });
    expect(await stored('python-1')).toMatchObject([{ event_type: 'Python', user_id: 'p' }]);
    for (const [sent, headers, status, code] of [
      [body('python-3', 'wrong'), gzip, 401, 'invalid_credentials'],
      [{ writeKey: key }, gzip, 400, 'invalid_request'],
      [body('python-3', await readOnlyKey()), gzip, 403, 'forbidden'],
    ] as const) {
      const refused = await send('/v1/batch', zip(sent), headers);
      expect(refused).toMatchObject({ status, body: { code, message: expect.any(String) as string } });
    }
    expect(await stored('python-3')).toEqual([]);
  });

  it('keeps the good messages of a batch and says which are bad, in the answer and in the trail', async () => {
    const batch = [
      { type: 'track', event: 'good', userId: 'u', messageId: 'mixed-0' },
      { type: 'track', userId: 'u' },
      { type: 'nope' },
      { type: 'track', event: 'x', properties: { a: { b: 'x\0' } } },
      7,
    ];
    const answer = await send('/v1/batch', { batch });
    expect(answer).toMatchObject({ status: 200, body: { accepted: 1, rejected: 4 } });
    expect((answer.body['errors'] as { path: string }[]).map(({ path }) => path)).toEqual([
      'batch[1].event',
      'batch[2].type',
      'batch[3].properties.a.b',
      'batch[4]',
    ]);
    const trail = await database.query<{ error: string }>('select error from api_audit_logs where request_id = $1', [
      answer.headers.get('x-request-id'),
    ]);
    expect(trail[0]?.error).toContain('batch[1].event is missing');
    const none = await send('/v1/batch', { batch: batch.slice(1) });
    expect(none).toMatchObject({ status: 400, body: { code: 'invalid_request', rejected: 4 } });
  });

  it('refuses for good with 400 only', async () => {
    const zip = (bytes: number) => gzipSync(Buffer.alloc(bytes, ' '));
    const gzip = { ...basic(), 'Content-Encoding': 'gzip' };
    for (const [body, headers] of [
      ['[]', basic()],
      ['{', basic()],
      ['{"batch":{}}', basic()],
      [zip(50_000_000), gzip],
      [Buffer.from('not gzip'), gzip],
      ['{}', { ...basic(), 'Content-Encoding': 'br' }],
      [`{"batch":["${'x'.repeat(5_300_000)}"]}`, basic()],
    ] as const) {
      expect((await send('/v1/batch', body, headers)).status).toBe(400);
    }
    const limited = await api.call<{ key: string }>('POST', '/keys', {
      body: { client_id: 'slow', name: 'slow', scopes: ['write'], rate_limit: 1, rate_window_s: 60 },
    });
    await send('/v1/track', { event: 'x' }, basic(limited.body.key));
    const refused = await send('/v1/track', { event: 'x' }, basic(limited.body.key));
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers.get('x-ratelimit-reset'))).toBe(Number(refused.headers.get('retry-after')));
  });

  it('boots browsers: preflight, settings that point back here, and no key in the trail', async () => {
    const preflight = await fetch(`${api.url}/v1/t`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    for (const path of [`/v1/projects/${key}/settings`, `/projects/${key}/settings`]) {
      const response = await fetch(`${api.url}${path}`);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      const { integrations } = (await response.json()) as { integrations: Record<string, unknown> };
      expect(integrations['Segment.io']).toMatchObject({
        apiKey: key,
        apiHost: `${new URL(api.url).host}/v1`,
        protocol: 'http',
      });
    }
    await fetch(`${api.url}/v1/projects/${key}`);
    await eventually(async () => {
      const rows = await database.query<{ path: string }>(
        `select path from api_audit_logs where path like '%projects%'`,
      );
      expect(rows).toHaveLength(3);
      expect(JSON.stringify(rows)).not.toContain(key.slice(22));
    });
  });
});

describeApi('gzip at /api/v1/events', {}, (api) => {
  it('is inflated up to the limit; bombs are 413', async () => {
    const key = await api.createKey(await api.createTenant('Acme'), ['write']);
    const post = async (body: Uint8Array, encoding: string) =>
      (
        await fetch(`${api.url}/api/v1/events`, {
          method: 'POST',
          headers: { 'X-API-Key': key, 'Content-Type': 'application/json', 'Content-Encoding': encoding },
          body: body as unknown as string,
        })
      ).status;
    const event = Buffer.from('{"event_type":"zipped"}');
    expect(await post(gzipSync(event), 'gzip')).toBe(202);
    expect(await post(event, 'identity')).toBe(202);
    expect(await post(gzipSync(event).subarray(0, 15), 'gzip')).toBe(400);
    expect(await post(gzipSync(Buffer.alloc(200_000_000, ' ')), 'gzip')).toBe(413);
  });
});
