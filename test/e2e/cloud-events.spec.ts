import { CloudEvent, emitterFor, HTTP, type Message, Mode } from 'cloudevents';
import { describeApi } from '../support/fixture.js';

describeApi('CloudEvents', { env: { RATE_LIMIT_REQUESTS: '100000' } }, (api) => {
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
  });

  async function post(body: unknown, headers: Record<string, unknown>) {
    const response = await fetch(`${api.url}/api/v1/events`, {
      method: 'POST',
      headers: { 'X-API-Key': key, ...(headers as Record<string, string>) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  const structured = (body: unknown) => post(body, { 'Content-Type': 'application/cloudevents+json' });
  const minimal = { specversion: '1.0', id: 'm', source: '/s', type: 't' };
  const read = async (eventId: string) => (await api.get(`/events/${encodeURIComponent(eventId)}`, key)).body;

  it('takes 1,000 events from the JavaScript SDK in either mode, and resending them changes nothing', async () => {
    const events = Array.from(
      { length: 1_000 },
      (_, n) => new CloudEvent({ id: `e-${n}`, source: '/sdk', type: 'sdk', subject: `u-${n}`, data: { n } }),
    );
    const statuses = new Map<unknown, number>();
    const transport = async (message: Message) => {
      const { status, body } = await post(message.body, message.headers);
      const outcome = `${status} ${String(body['duplicate'])}`;
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    };
    const [binary, whole] = [
      emitterFor(transport, { binding: HTTP, mode: Mode.BINARY }),
      emitterFor(transport, { binding: HTTP, mode: Mode.STRUCTURED }),
    ];
    const sendAll = async (parity: number) => {
      for (let from = 0; from < events.length; from += 50) {
        const part = events.slice(from, from + 50);
        await Promise.all(part.map((event, n) => (n % 2 === parity ? binary : whole)(event)));
      }
    };
    await sendAll(0);
    await sendAll(1);
    expect(Object.fromEntries(statuses)).toEqual({ '202 false': 1_000, '202 true': 1_000 });
    const batch = await post(
      events.map((event) => event.toJSON()),
      { 'Content-Type': 'application/cloudevents-batch+json' },
    );
    expect(batch).toMatchObject({ status: 202, body: { accepted: 0, duplicates: 1_000 } });
    expect(await read('/sdk|e-7')).toMatchObject({ event_type: 'sdk', user_id: 'u-7', payload: { n: 7 } });
  }, 120_000);

  it('says where the user of an event belongs', async () => {
    const { body } = await structured({ ...minimal, id: 'misplaced', data: { user_id: 'u', session_id: 's' } });
    expect(body['warnings']).toEqual([
      { path: 'data.user_id', message: expect.stringContaining('Send the user as subject') as string },
    ]);
    const fine = await structured({ ...minimal, id: 'placed', subject: 'u', data: { user_id: 'u', session_id: 's' } });
    expect(fine).toMatchObject({ status: 202, body: { duplicate: false } });
    expect(fine.body).not.toHaveProperty('warnings');
  });

  it('shares its ids with every other protocol', async () => {
    await structured({ ...minimal, id: 'shared', data: { a: 1 }, time: '2026-11-01T00:00:00Z' });
    const rest = {
      event_type: 't',
      event_id: '/s|shared',
      event_time: '2026-11-01T00:00:00Z',
      payload: { a: 1 },
    };
    expect((await api.post('/events', rest, key)).body).toMatchObject({ duplicate: true });
    expect((await structured({ ...minimal, id: 'shared', data: { a: 2 } })).status).toBe(422);
  });

  it('reads data of every kind, extensions and percent-encoded headers', async () => {
    const kind = (datacontenttype: string) => ({ cloudevent: { datacontenttype } });
    const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
      ['text', { datacontenttype: 'text/plain', data: 'hello' }, { data: 'hello', ...kind('text/plain') }],
      ['list', { data: [1, 2] }, { data: [1, 2] }],
      ['json64', { datacontenttype: 'application/json', data_base64: 'eyJhIjoxfQ==' }, { a: 1 }],
      ['bytes', { datacontenttype: 'image/png', data_base64: 'iVBO' }, { data_base64: 'iVBO', ...kind('image/png') }],
      ['own', { ext: 'x', data: { cloudevent: 1 } }, { data: { cloudevent: 1 }, cloudevent: { ext: 'x' } }],
      ['extension', { traceparent: '00-1', data: { a: 1 } }, { a: 1, cloudevent: { traceparent: '00-1' } }],
      ['none', {}, {}],
    ];
    for (const [id, attributes, payload] of cases) {
      expect((await structured({ ...minimal, ...attributes, id })).status).toBe(202);
      expect((await read(`/s|${id}`))['payload']).toEqual(payload);
    }
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'p',
      'ce-source': '/s',
      'ce-type': 't',
      'ce-subject': 'Z%C3%BCrich%20%22',
    };
    expect((await post('hi', { ...headers, 'Content-Type': 'text/plain' })).status).toBe(202);
    expect(await read('/s|p')).toMatchObject({ user_id: 'Zürich "', payload: { data: 'hi' } });
  });

  it('reads the bytes of binary mode by their type and charset, and guesses where there is none', async () => {
    const binary = async (id: string, type: string | null, bytes: Uint8Array<ArrayBuffer> | Buffer, more = {}) => {
      const response = await fetch(`${api.url}/api/v1/events`, {
        method: 'POST',
        headers: {
          ...{ 'X-API-Key': key, 'ce-specversion': '1.0', 'ce-type': 't', 'ce-source': '/s', 'ce-id': id, ...more },
          ...(type === null ? {} : { 'Content-Type': type }),
        },
        body: new Uint8Array(bytes),
      });
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, body, event: response.ok ? await read(`/s|${id}`) : {} };
    };
    const latin = (text: string) => Buffer.from(text, 'latin1');
    const kept = (datacontenttype: string) => ({ cloudevent: { datacontenttype } });
    for (const [n, [type, bytes, payload]] of (
      [
        ['text/plain; charset=iso-8859-1', latin('café'), { data: 'café', ...kept('text/plain; charset=iso-8859-1') }],
        ['application/json; charset="latin1"', latin('{"name":"café"}'), { name: 'café' }],
        ['application/json', Buffer.from('\ufeff{"a":1}'), { a: 1 }],
        ['application/protobuf', Buffer.from([1, 2]), { data_base64: 'AQI=', ...kept('application/protobuf') }],
        [null, Buffer.from('hello'), { data: 'hello' }],
        [null, Buffer.from('{"a":1}'), { a: 1 }],
        [null, Buffer.from([0xff, 0xfe]), { data_base64: '//4=' }],
        [null, Buffer.from('a\0b'), { data_base64: 'YQBi' }],
      ] as const
    ).entries()) {
      const { status, event } = await binary(`kind-${n}`, type, bytes);
      expect({ n, status, payload: event['payload'] }).toEqual({ n, status: 202, payload });
    }
    for (const type of ['application/json', 'text/plain', 'text/plain; charset=nonsense']) {
      const { status, body } = await binary('bad', type, latin('{"name":"caf\xe9"}'));
      expect({ type, status }).toEqual({ type, status: 400 });
      expect(body['detail']).toMatch(/^data (is not valid utf-8|has the unknown charset nonsense)/);
    }
    const utf8Header = Buffer.from('Zürich').toString('latin1');
    const named = await binary('utf8-header', null, Buffer.from('1'), { 'ce-subject': utf8Header });
    expect(named.event).toMatchObject({ user_id: 'Zürich', payload: { data: 1 } });
  });

  it('takes an Idempotency-Key only where it is the id of the event', async () => {
    const event = JSON.stringify({ ...minimal, id: 'keyed' });
    const one = (idempotencyKey: string) =>
      post(event, { 'Content-Type': 'application/cloudevents+json', 'Idempotency-Key': idempotencyKey });
    const statuses = [];
    for (const idempotencyKey of ['keyed', '/s|keyed', 'other']) statuses.push((await one(idempotencyKey)).status);
    expect(statuses).toEqual([202, 202, 400]);
    const batch = { 'Content-Type': 'application/cloudevents-batch+json', 'Idempotency-Key': 'keyed' };
    const refused = await post(`[${event}]`, batch);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  it.each([
    [{}, ['specversion', 'id', 'source', 'type']],
    [{ specversion: '1.0', id: 'x' }, ['source', 'type']],
    [{ ...minimal, specversion: '0.3' }, ['specversion']],
    [{ ...minimal, time: 'now' }, ['time']],
    [{ ...minimal, id: 7 }, ['id']],
    [{ ...minimal, source: 'a b' }, ['source']],
    [{ ...minimal, data: {}, data_base64: 'AA==' }, ['data_base64']],
    [{ ...minimal, data_base64: '*' }, ['data_base64']],
    [{ ...minimal, My_Extension: 1 }, ['My_Extension']],
    [{ ...minimal, subject: 'x'.repeat(256) }, ['subject']],
    [{ ...minimal, data: { a: 'x\0' } }, ['data.a']],
  ])('refuses %j naming the attribute', async (event, names) => {
    const { status, body } = await structured(event);
    expect(status).toBe(400);
    for (const name of names) expect(body['detail']).toContain(name);
  });
});
