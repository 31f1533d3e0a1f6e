import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

interface Batch {
  accepted: number;
  duplicates: number;
  conflicts: number;
  rejected: number;
  results: { index: number; status: string; id?: string; error?: { message: string; path?: string } }[];
}

interface EventBody {
  id: string;
  event_id: string;
  status: string;
  processed_at: string | null;
}

describeApi('events over HTTP', { workers: 1 }, (api) => {
  let key: string;
  let otherKey: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['read', 'write']);
    otherKey = await api.createKey(await api.createTenant('Globex'), ['read', 'write']);
  });

  it('takes an event, gives it back at once, and shows it processed soon after', async () => {
    const sent = { event_type: 'login', event_id: 'e-1', user_id: 'u-1', payload: { plan: 'pro' } };
    const ingested = await api.post<{ id: string }>('/events/ingest', sent, key);
    expect(ingested.status).toBe(202);
    expect(ingested.body).toEqual({
      id: expect.any(String) as string,
      event_id: 'e-1',
      status: 'queued',
      duplicate: false,
    });
    const read = await api.get<EventBody>(`/events/${ingested.body.id}`, key);
    expect(read.status).toBe(200);
    expect(read.body).toMatchObject({ ...sent, client_id: 'shop', session_id: null, enrichment: {} });
    await eventually(async () => {
      const { body } = await api.get<EventBody>('/events/e-1', key);
      expect(body).toMatchObject({
        id: ingested.body.id,
        status: 'processed',
        processed_at: expect.any(String) as string,
      });
    });
    const counts = await api.get<{ total: number; data: unknown[] }>('/analytics/events-by-type', key);
    expect(counts.body).toMatchObject({ total: 1, data: [{ event_type: 'login', count: 1 }] });
  });

  it('answers a repeat with the first id and 202, and changed content with 422', async () => {
    const first = await api.post<{ id: string }>('/events', { event_type: 'a', idempotency_key: 'e-2' }, key);
    const again = await api.post('/events/', { event_type: 'a', event_id: 'e-2' }, key);
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ id: first.body.id, duplicate: true });
    const changed = await api.post('/events', { event_type: 'b', event_id: 'e-2' }, key);
    expect(changed.status).toBe(422);
    expect(changed.headers.get('content-type')).toContain('application/problem+json');
    expect(changed.body).toMatchObject({
      type: expect.stringMatching(/idempotency-conflict$/) as string,
      status: 422,
      request_id: changed.headers.get('x-request-id'),
      errors: [{ path: 'event_id', message: expect.any(String) as string }],
    });
    const header = await api.call('POST', '/events', {
      key,
      body: { event_type: 'a' },
      headers: { 'Idempotency-Key': 'e-2' },
    });
    expect(header.body).toMatchObject({ id: first.body.id, duplicate: true });
  });

  it('uses Idempotency-Key for a batch by the place of each event, and refuses one that differs from the body', async () => {
    const batch = (events: object[]) =>
      api.call<Batch>('POST', '/events/batch', {
        key,
        body: { events },
        headers: { 'Idempotency-Key': 'k'.repeat(255) },
      });
    const events = [{ event_type: 'keyed' }, { event_type: 'keyed' }, { event_type: 'keyed', event_id: 'own' }];
    expect((await batch(events)).body).toMatchObject({ accepted: 3, duplicates: 0 });
    expect((await batch(events)).body).toMatchObject({ accepted: 0, duplicates: 3 });
    expect((await batch([{ event_type: 'other' }])).body).toMatchObject({ conflicts: 1 });
    const headers = { 'Idempotency-Key': 'one' };
    const differs = await api.call('POST', '/events', { key, body: { event_type: 'a', event_id: 'two' }, headers });
    expect(differs).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
    const unused = await api.call('POST', '/keys', { body: { client_id: 'a', name: 'a' }, headers });
    expect(unused).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
  });

  it('finds an event by any event_id, also one that is an address', async () => {
    const ids = ['failed', 'batch', '.', '..', 'a/b', 'by id', '?x=1', '1498392753700442113'];
    for (const event_id of ids) {
      await api.post('/events', { event_type: 'named', event_id, event_time: '2024-01-01T00:00:00Z' }, key);
      const found = async (more = '') =>
        (await api.get<{ data: EventBody[] }>(`/events?event_id=${encodeURIComponent(event_id)}${more}`, key)).body
          .data;
      expect((await found()).map((event) => event.event_id)).toEqual([event_id]);
      expect([await found('&event_type=x'), await found('&client_id=x'), await found('&from=2025-01-01')]).toEqual([
        ...[[], [], []],
      ]);
    }
    expect((await api.get('/events?event_id=failed', otherKey)).body).toMatchObject({ data: [] });
  });

  it('takes an empty array of PHP for an object without members, and no other array', async () => {
    for (const name of ['payload', 'properties']) {
      const event = { event_type: 'php', event_id: name, [name]: [] };
      expect((await api.post('/events', event, key)).status).toBe(202);
      expect((await api.get(`/events/${name}`, key)).body).toMatchObject({ payload: {} });
      const refused = await api.post('/events', { ...event, [name]: [1] }, key);
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: name }] } });
    }
    expect((await api.put('/events/payload/enrich', { additional_properties: [] }, key)).body).toMatchObject({
      enrichment: { context: {} },
    });
  });

  it('gives 1,000 events 1,000 results in order, and only the bad ones are not accepted', async () => {
    const events: { event_type: string; event_id: string; payload: Record<string, unknown> }[] = Array.from(
      { length: 1_000 },
      (_, n) => ({
        event_type: 'bulk',
        event_id: `bulk-${n}`,
        payload: { n },
      }),
    );
    events[100]!.payload = { text: 'a\0b' };
    const body = JSON.stringify({ events })
      .replace('"bulk-200","payload":{"n":200}', '"bulk-200","payload":{"text":"\\ud800"}')
      .replace('{"event_type":"bulk","event_id":"bulk-300"', '{"event_id":"bulk-300"')
      .replace('"bulk-400","payload":{"n":400}', '"bulk-399","payload":{"n":399}')
      .replace('"bulk-500","payload":{"n":500}', '"bulk-499","payload":{"n":500}');
    const { status, body: answer } = await api.post<Batch>('/events/batch', body, key);
    expect(status).toBe(202);
    expect(answer).toMatchObject({ accepted: 995, duplicates: 1, conflicts: 1, rejected: 3 });
    expect(answer.results.map(({ index }) => index)).toEqual(events.map((_, n) => n));
    const odd = answer.results.filter((result) => result.status !== 'accepted');
    expect(odd.map(({ index, status: result }) => [index, result])).toEqual([
      [100, 'rejected'],
      [200, 'rejected'],
      [300, 'rejected'],
      [400, 'duplicate'],
      [500, 'conflict'],
    ]);
    expect(odd.slice(0, 3).map(({ error }) => error?.path)).toEqual([
      'events[100].payload.text',
      'events[200].payload.text',
      'events[300].event_type',
    ]);
    expect(answer.results[400]?.id).toBe(answer.results[399]?.id);
  });

  it('accepts the same 50 ids from 40 parallel requests 50 times in all', async () => {
    const events = Array.from({ length: 50 }, (_, n) => ({ event_type: 'race', event_id: `race-${n}` }));
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        api.post<Batch>('/events/batch', { events: n % 2 === 0 ? events : [...events].reverse() }, key),
      ),
    );
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    const sum = (field: 'accepted' | 'duplicates') => answers.reduce((total, { body }) => total + body[field], 0);
    expect([sum('accepted'), sum('duplicates')]).toEqual([50, 1_950]);
  });

  it('answers 400 with the results when no event is valid', async () => {
    const { status, body } = await api.post<Batch & { errors: unknown[] }>('/events/batch', { events: [{}, 7] }, key);
    expect(status).toBe(400);
    expect(body).toMatchObject({ accepted: 0, rejected: 2, results: [{ index: 0 }, { index: 1 }] });
    expect(body.errors).toHaveLength(2);
  });

  it.each([
    ['a bare array', [], 400, /object like/],
    ['no events', {}, 400, /events is missing/],
    ['an empty list', { events: [] }, 400, /events must be an array with at least 1 element/],
    ['an unknown field', { events: [{ event_type: 'x' }], evnts: 1 }, 400, /evnts/],
    ['1,001 events', { events: Array.from({ length: 1_001 }, () => ({ event_type: 'x' })) }, 413, /at most 1000/],
    ['broken JSON', '{"events":', 400, /not valid JSON/],
    ['nothing', '', 400, /empty/],
    [
      'more than 5 MiB',
      JSON.stringify({ events: [{ event_type: 'x', payload: { a: 'x'.repeat(5_300_000) } }] }),
      413,
      /5242880 bytes/,
    ],
  ])('refuses %s with a sentence that says what to do', async (_name, body, status, detail) => {
    const answer = await api.post<{ detail: string }>('/events/batch', body, key);
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toMatch(detail);
    const after = await api.get('/auth/info', key);
    expect(after.status).toBe(200);
  });

  it('refuses other media types with 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1']) {
      const answer = await api.call('POST', '/events', {
        key,
        body: '{"event_type":"x"}',
        headers: { 'Content-Type': type },
      });
      expect(answer.status).toBe(415);
    }
  });

  it('answers the same from the fast path and from Express', async () => {
    const fast = await api.post('/events/ingest', { event_type: 'x', nope: 1 }, key);
    const express = await api.post('/EVENTS/ingest', { event_type: 'x', nope: 1 }, key);
    const same = ({ status, body }: typeof fast) => ({ status, detail: body['detail'], errors: body['errors'] });
    expect(same(express)).toEqual(same(fast));
    expect((await api.post('/EVENTS/ingest', { event_type: 'x', event_id: 'via-express' }, key)).status).toBe(202);
  });

  it('hides the events of another tenant, by id and by event_id', async () => {
    const { body } = await api.post<{ id: string }>('/events', { event_type: 'secret', event_id: 'hidden' }, otherKey);
    for (const id of [body.id, 'hidden', `hidden?client_id=shop`]) {
      expect((await api.get(`/events/${id}`, key)).status).toBe(404);
    }
    expect((await api.get('/events/hidden', otherKey)).status).toBe(200);
  });

  it('pages newest first without gap or repeat while events keep arriving', async () => {
    const seen: string[] = [];
    let cursor = '';
    let pages = 0;
    do {
      const { body } = await api.get<{ data: EventBody[]; next_cursor: string | null }>(
        `/events?event_type=bulk&limit=100${cursor}`,
        key,
      );
      seen.push(...body.data.map(({ event_id }) => event_id));
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
      await api.post('/events', { event_type: 'bulk', event_id: `late-${pages++}` }, key);
    } while (cursor !== '');
    const expected = Array.from({ length: 1_000 }, (_, n) => `bulk-${999 - n}`).filter(
      (id) => !['bulk-100', 'bulk-200', 'bulk-300', 'bulk-400', 'bulk-500'].includes(id),
    );
    expect(seen).toEqual(expected);
    expect(pages).toBe(10);
  });

  it('filters by every field', async () => {
    const fields = { event_type: 'filtered', user_id: 'fu', session_id: 'fs' };
    await api.post('/events', { ...fields, event_id: 'f-1', event_time: '2026-01-15T12:00:00Z' }, key);
    const found = async (range: string) => {
      const { body } = await api.get<{ data: EventBody[] }>(`/events?event_type=filtered&${range}`, key);
      return body.data.length;
    };
    for (const [range, count] of [
      ['from=2026-01-15&to=2026-01-16', 1],
      ['from=2026-01-15T12:00&to=2026-01-15T12:00:00.001', 1],
      ['from=2026-01-15 12:00:00&to=2026-01-16', 1],
      ['from=2026-01-15T12:00:00.001&to=2026-01-16', 0],
      ['from=2026-01-15T06:00&to=2026-01-15T06:01&tz=America/Chicago', 1],
      ['from=2026-01-16&to=2026-01-17&tz=Pacific/Kiritimati', 1],
      ['from=2026-01-15&to=2026-01-16&tz=Pacific/Kiritimati', 0],
    ] as const) {
      expect({ range, count: await found(range.replace(' ', '%20')) }).toEqual({ range, count });
    }
    const asked = { from: '2026-01-15T12:00:00.000Z', to: '2026-01-15T12:00:01.000Z' };
    const range = new URLSearchParams(asked).toString();
    for (const filter of ['event_type=filtered', 'user_id=fu', 'session_id=fs', 'client_id=shop']) {
      const { body } = await api.get<{ data: EventBody[] }>(`/events?${range}&${filter}`, key);
      expect(body.data.map(({ event_id }) => event_id)).toEqual(['f-1']);
    }
    for (const miss of ['event_type=other', 'user_id=x', 'session_id=x', 'client_id=x', 'status=failed']) {
      expect((await api.get(`/events?${range}&${miss}`, key)).body).toEqual({
        ...{ ...asked, data: [], next_cursor: null },
      });
    }
    await eventually(async () => {
      const { body } = await api.get<{ data: EventBody[] }>(`/events?${range}&status=processed`, key);
      expect(body.data).toHaveLength(1);
    });
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'from=yesterday',
    'status=done',
    'cursor=abc',
    'sort=id',
    'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
  ])('refuses ?%s and names the parameter', async (query) => {
    const { status, body } = await api.get<{ errors: { path: string }[] }>(`/events?${query}`, key);
    expect(status).toBe(400);
    expect(body.errors[0]?.path).toBe(query.split('=')[0]);
  });

  it('shows what waits in the queue', async () => {
    await eventually(async () => {
      const { body } = await api.get<{ pending_events: number }>('/analytics/queue-status', key);
      expect(body).toEqual({
        pending_events: 0,
        oldest_pending_age_s: 0,
        dead_letters: { open: 0, dead: 0 },
        queues: expect.any(Array) as object[],
      });
    });
  });

  it('says what was probably not meant: a user in the payload of an event that has none', async () => {
    const told = async (event: object) =>
      (await api.post('/events', { event_type: 'w', ...event }, key)).body['warnings'];
    expect(await told({ payload: { user_id: 'u', session_id: 7 } })).toEqual([
      { path: 'payload.user_id', message: expect.stringContaining('Send user_id beside payload') as string },
      { path: 'payload.session_id', message: expect.stringContaining('Send session_id beside payload') as string },
    ]);
    expect(await told({ properties: { user_id: 'u' }, session_id: 's' })).toMatchObject([
      { path: 'properties.user_id' },
    ]);
    for (const fine of [
      { user_id: 'u', payload: { user_id: 'v' } },
      { payload: { user_id: '', a: { user_id: 'u' } } },
      {},
    ]) {
      expect(await told(fine)).toBeUndefined();
    }
    const events = [
      { event_type: 'w', event_id: 'w-1', user_id: 'u' },
      { event_type: 'w', event_id: 'w-2', payload: { user_id: 'u' } },
    ];
    for (const status of ['accepted', 'duplicate']) {
      const { body } = await api.post<{ results: object[] }>('/events/batch', { events }, key);
      expect(body.results).toEqual([
        expect.not.objectContaining({ warnings: expect.anything() as unknown }),
        expect.objectContaining({ status, warnings: [expect.objectContaining({ path: 'events[1].payload.user_id' })] }),
      ]);
    }
  });
});
