import { FunnelCounter } from '../../src/analytics/postgresql-store/funnel-counter.js';
import { FunnelsRepository } from '../../src/analytics/postgresql-store/funnels.repository.js';
import { decimalOf, type Exact, memberOf, readExactly } from '../support/exact-json.js';
import { describeApi } from '../support/fixture.js';
import { GeneratedValues, UNKEPT } from '../support/generated-values.js';

const SEED = Number(process.env['TIDEMARK_VALUES_SEED'] ?? 20_261_126);
const EVENTS = 100;
const VALUES_EACH = 50;
const ALL_TIME = 'from=2000-01-01&to=2999-01-01&limit=1000';

/** One thing to send: its own name, when it happened, and the JSON of an object of values. */
interface Sent {
  name: string;
  time: string;
  json: string;
}

type Headers = Record<string, string>;

interface Door {
  path: string;
  headers?: Headers | ((sent: Sent) => Headers);
  /** Several at once, in an array that stands between these. */
  around?: [string, string];
  write: (sent: Sent) => string;
  /** What the door calls the object, and the time. */
  names: { data: string; time: string };
  /** Where it is read again: an event, or an entry with the object in this member. */
  read: 'payload' | 'metadata';
}

const text = JSON.stringify;
const cloudEvent = ({ name, time, json }: Sent, type: string) =>
  `{"specversion":"1.0","id":${text(name)},"source":"/s","type":${text(type)},"time":${text(time)},"data":${json}}`;
const restEvent = ({ name, time, json }: Sent, type: string) =>
  `{"event_type":${text(type)},"event_id":${text(name)},"event_time":${text(time)},"payload":${json}}`;
const logEntry = ({ name, time, json }: Sent, type: string) =>
  `{"action_type":"UPDATE","resource_type":${text(type)},"resource_id":${text(name)},"occurred_at":${text(time)},"metadata":${json},"before_state":${json}}`;
const basic = (key: string) => ({ Authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` });

const DOORS: Record<string, Door> = {
  ingest: {
    path: '/api/v1/events/ingest',
    write: (sent) => restEvent(sent, 'ingest'),
    ...{ names: { data: 'payload', time: 'event_time' }, read: 'payload' },
  },
  batch: {
    path: '/api/v1/events/batch',
    ...{ around: ['{"events":[', ']}'], write: (sent) => restEvent(sent, 'batch') },
    ...{ names: { data: 'payload', time: 'event_time' }, read: 'payload' },
  },
  segment: {
    path: '/v1/batch',
    around: ['{"batch":[', ']}'],
    write: ({ name, time, json }) =>
      `{"type":"track","event":"segment","messageId":${text(name)},"timestamp":${text(time)},"properties":${json}}`,
    ...{ names: { data: 'properties', time: 'timestamp' }, read: 'payload' },
  },
  structured: {
    path: '/api/v1/events',
    ...{ headers: { 'Content-Type': 'application/cloudevents+json' }, write: (sent) => cloudEvent(sent, 'structured') },
    ...{ names: { data: 'data', time: 'time' }, read: 'payload' },
  },
  binary: {
    path: '/api/v1/events',
    headers: ({ name, time }) => ({
      ...{ 'ce-specversion': '1.0', 'ce-id': name, 'ce-source': '/s', 'ce-type': 'binary', 'ce-time': time },
    }),
    write: ({ json }) => json,
    ...{ names: { data: 'data', time: 'time' }, read: 'payload' },
  },
  cloudEvents: {
    path: '/api/v1/events',
    headers: { 'Content-Type': 'application/cloudevents-batch+json' },
    ...{ around: ['[', ']'], write: (sent) => cloudEvent(sent, 'cloudEvents') },
    ...{ names: { data: 'data', time: 'time' }, read: 'payload' },
  },
  logs: {
    path: '/api/v1/logs',
    write: (sent) => logEntry(sent, 'logs'),
    ...{ names: { data: 'metadata', time: 'occurred_at' }, read: 'metadata' },
  },
  bulk: {
    path: '/api/v1/logs/bulk',
    ...{ around: ['{"logs":[', ']}'], write: (sent) => logEntry(sent, 'bulk') },
    ...{ names: { data: 'metadata', time: 'occurred_at' }, read: 'metadata' },
  },
  auditEvents: {
    path: '/api/v1/audit-events/create',
    write: ({ name, time, json }) =>
      `{"functionality":"auditEvents","event_type":"E","status":"Success","user":${text(name)},"event_timestamp":${text(time)},"additional_data":${json}}`,
    ...{ names: { data: 'additional_data', time: 'event_timestamp' }, read: 'metadata' },
  },
};

describeApi('values', { env: { RATE_LIMIT_REQUESTS: '1000000' }, workers: 1 }, (api) => {
  let key: string;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['admin']);
    await api.post('/audit-events/functionalities', { functionality: 'auditEvents', event_types: ['E'] }, key);
  });

  const post = async (path: string, body: string, headers: Headers = {}) => {
    const credential = path.startsWith('/v1') ? basic(key) : { 'X-API-Key': key };
    const response = await fetch(api.url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...credential, ...headers },
      body,
    });
    return { status: response.status, text: await response.text() };
  };
  const get = async (path: string) =>
    (await fetch(`${api.url}/api/v1${path}`, { headers: { 'X-API-Key': key } })).text();
  const read = async (path: string) => readExactly(await get(path));
  const send = (door: Door, ...all: Sent[]) => {
    const [before, after] = door.around ?? ['', ''];
    const headers = typeof door.headers === 'function' ? door.headers(all[0]!) : door.headers;
    return post(door.path, `${before}${all.map(door.write).join(',')}${after}`, headers);
  };
  const objectOf = (values: GeneratedValues, count: number) =>
    `{${Array.from({ length: count }, (_, n) => `"v${n}":${values.value()}`).join(',')}}`;

  describe.each(Object.entries(DOORS))('through the door %s', (name, door) => {
    it(`are read again as they were sent (seed ${SEED})`, async () => {
      const values = new GeneratedValues(SEED + name.length);
      const all = Array.from({ length: EVENTS }, (_, n) => ({
        ...{ name: `${name}-${n}`, time: values.dateTime() },
        json: objectOf(values, VALUES_EACH),
      }));
      const answers = door.around === undefined ? [] : [await send(door, ...all)];
      if (door.around === undefined) for (const one of all) answers.push(await send(door, one));
      for (const { status, text: said } of answers)
        expect([status < 300, said.includes('"rejected":0,')]).toContain(true);
      const found = await readBack(name, door);
      for (const { name: id, time, json } of all) {
        const stored = found.get(id);
        expect({ id, data: memberOf(stored, door.read) }).toEqual({ id, data: readExactly(json) });
        expect({ id, time: momentOf(memberOf(stored, timeName(door))) }).toEqual({ id, time: momentOf(`"${time}`) });
        if (door.names.data === 'metadata') expect(memberOf(stored, 'before_state')).toEqual(readExactly(json));
      }
    }, 120_000);

    it('that cannot be kept are refused with their path', async () => {
      for (const [n, value] of UNKEPT.entries()) {
        const sent = { name: `${name}-bad-${n}`, time: '2026-11-20T10:00:00Z', json: `{"fine":1,"bad":${value}}` };
        const { status, text: said } = await send(door, sent);
        expect({ value: value.slice(0, 20), status }).toEqual({ value: value.slice(0, 20), status: 400 });
        expect(said).toContain(`${door.names.data}.bad`);
      }
      for (const time of ['2026-02-30T00:00:00Z', '1999-12-31T23:59:59Z', '2999-01-01T00:00:00Z']) {
        const { status, text: said } = await send(door, { name: `${name}-${time}`, time, json: '{}' });
        expect({ time, status }).toEqual({ time, status: name === 'segment' ? 200 : 400 });
        expect(said).toContain(door.names.time);
      }
    });
  });

  const timeName = ({ read: member }: Door) => (member === 'payload' ? 'event_time' : 'occurred_at');

  /** What was stored, by the name under which it was sent. */
  async function readBack(type: string, door: Door): Promise<Map<string, Exact>> {
    const isEvent = door.read === 'payload';
    const path = isEvent ? `/events?event_type=${type}&${ALL_TIME}` : `/logs?resource_type=${type}&${ALL_TIME}`;
    const rows = memberOf(await read(path), 'data') as Exact[];
    const id = isEvent ? 'event_id' : type === 'auditEvents' ? 'user_id' : 'resource_id';
    return new Map(rows.map((row) => [(memberOf(row, id) as string).replace(/^"(\/s\|)?/, ''), row]));
  }

  const [ONE, OTHER] = ['1498392753700442113', '1498392753700442115'];

  it('of ids beyond 2^53 are told apart: users, conflicts, changes, conditions, groups', async () => {
    const login = (userId: string) => `{"type":"track","event":"login","userId":${userId}}`;
    await post('/v1/batch', `{"batch":[${login(ONE)},${login(OTHER)}]}`);
    const order = (id: string) => `{"event_type":"order","event_id":"o","user_id":"u","payload":{"order":${id}}}`;
    const statuses: number[] = [];
    for (const id of [ONE, `${ONE}.00`, OTHER]) statuses.push((await post('/api/v1/events/ingest', order(id))).status);
    expect(statuses).toEqual([202, 202, 422]);
    const state = (id: string) => `{"owner_id":${id},"same":${ONE}}`;
    const entry = `{"action_type":"UPDATE","resource_type":"account","resource_id":"1","before_state":${state(ONE)},"after_state":${state(OTHER)}}`;
    const { text: created } = await post('/api/v1/logs', entry);
    const changes = [
      new Map([
        ['after', decimalOf(OTHER)],
        ['before', decimalOf(ONE)],
        ['path', '"/owner_id'],
      ]),
    ];
    expect(memberOf(readExactly(created), 'changes')).toEqual(changes);
    await drained();
    const users = async (steps: string) => {
      const { text: answer } = await post('/api/v1/analytics/funnel', `{"steps":[${steps}]}`);
      return (JSON.parse(answer) as { steps: { users: number }[] }).steps[0]?.users;
    };
    expect(await users('{"event_type":"login"}')).toBe(2);
    expect(await users(`{"event_type":"order","where":{"order":${ONE}}}`)).toBe(1);
    expect(await users(`{"event_type":"order","where":{"order":${OTHER}}}`)).toBe(0);
    const counts = (json: string) => users(`{"event_type":"order","where":{"order":${json}}}`);
    expect([await counts(`"${ONE}"`), await counts(`${ONE}.00`)]).toEqual([0, 1]);
    for (const [id, count] of [
      [ONE, 1],
      [OTHER, 0],
    ] as const) {
      const where = encodeURIComponent(`{"order":${id}}`);
      const { data } = JSON.parse(await get(`/events?event_type=order&where=${where}`)) as { data: unknown[] };
      expect({ id, found: data.length }).toEqual({ id, found: count });
    }
    expect(await get('/analytics/breakdown?property=order&event_type=order')).toContain(ONE);
    const enriched = await fetch(`${api.url}/api/v1/events/o/enrich`, {
      method: 'PUT',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: `{"additional_properties":{"crm":${OTHER},"valueOf":1}}`,
    });
    expect(await enriched.text()).toContain(`"crm":${OTHER}`);
    const saved = await post(
      '/api/v1/analytics/funnels',
      `{"name":"big","steps":[{"event_type":"order","where":{"order":${ONE}}}]}`,
    );
    expect(saved.text).toContain(ONE);
    expect(await get('/logs?resource_type=saved_funnel&limit=1')).toContain(ONE);
  });

  it('beyond 2^53 are told apart in funnels of any size', async () => {
    const buy = (type: string, user: string, id: string) =>
      `{"event_type":"${type}","user_id":"${user}","payload":{"cart":{"id":${id}}}}`;
    const events = [ONE, OTHER].flatMap((id, n) => ['cart', 'paid'].map((type) => buy(type, `buyer-${n}`, id)));
    for (const half of [events.slice(0, 1).concat(events.slice(2, 3)), [events[1]!, events[3]!]])
      await post('/api/v1/events/batch', `{"events":[${half.join(',')}]}`);
    await drained();
    const step = (type: string, id: string) => `{"event_type":"${type}","where":{"cart.id":${id}}}`;
    const [counter, funnels] = [api.app.get(FunnelCounter), api.app.get(FunnelsRepository)];
    const { maxEventsHere } = counter;
    const { maxTimelineEvents } = funnels;
    // From packed records, from SQL, and in the thread, where each condition has to arrive with all its digits.
    for (const [n, sizes] of [
      { here: maxEventsHere, timeline: maxTimelineEvents },
      { here: maxEventsHere, timeline: 0 },
      { here: 0, timeline: maxTimelineEvents },
    ].entries()) {
      [counter.maxEventsHere, funnels.maxTimelineEvents] = [sizes.here, sizes.timeline];
      const ask = async (first: string, second: string) => {
        const steps = `[${step('cart', first)},${step('paid', second)}]`;
        const body = `{"steps":${steps},"window_s":${3_600 + n},"group_by":"cart.id"}`;
        const { text: answer } = await post('/api/v1/analytics/funnel', body);
        const { steps: all, groups } = JSON.parse(answer) as Record<string, { users: number; value: string }[]>;
        return [all!.map(({ users }) => users), groups!.map(({ value }) => value)];
      };
      expect({ ...sizes, answer: await ask(ONE, ONE) }).toEqual({ ...sizes, answer: [[1, 1], [ONE]] });
      expect({ ...sizes, answer: await ask(OTHER, ONE) }).toEqual({ ...sizes, answer: [[1, 0], [OTHER]] });
      expect({ ...sizes, answer: await ask('1498392753700442114', ONE) }).toEqual({ ...sizes, answer: [[0, 0], []] });
    }
    [counter.maxEventsHere, funnels.maxTimelineEvents] = [maxEventsHere, maxTimelineEvents];
  });

  it('of names that the language has are names like others, in payloads and in conditions', async () => {
    for (const team of ['Ferrari', 'McLaren']) {
      const payload = `{"constructor":"${team}","__proto__":{"team":"${team}"},"valueOf":1}`;
      await post('/api/v1/events/ingest', `{"event_type":"pit","user_id":"${team}","payload":${payload}}`);
    }
    await drained();
    const users = async (where: string) => {
      const { text: answer } = await post(
        '/api/v1/analytics/funnel',
        `{"steps":[{"event_type":"pit","where":${where}}]}`,
      );
      return (JSON.parse(answer) as { steps: { users: number }[] }).steps[0]?.users;
    };
    expect(await users('{"constructor":"Ferrari"}')).toBe(1);
    expect(await users('{"valueOf":"nothing"}')).toBe(0);
    expect(await users('{"valueOf":1}')).toBe(2);
    expect(await users('{"__proto__":"Ferrari"}')).toBe(0);
    expect(await users('{"toString":null}')).toBe(0);
  });

  it('of time are kept to the microsecond, from the parser to the funnel and the export', async () => {
    const at = (micros: string) => `2026-11-20T10:00:00.${micros}Z`;
    const step = (type: string, micros: string) =>
      `{"event_type":"${type}","user_id":"m","event_time":"${at(micros)}"}`;
    await post('/api/v1/events/batch', `{"events":[${step('step a', '123100')},${step('step b', '1239009')}]}`);
    await drained();
    const { text: funnel } = await post(
      '/api/v1/analytics/funnel',
      `{"steps":[{"event_type":"step a"},{"event_type":"step b"}],"from":"2026-11-20","to":"2026-11-21"}`,
    );
    const [, second] = (
      JSON.parse(funnel) as { steps: { users: number; median_time_from_previous_s: number | null }[] }
    ).steps;
    expect(second).toMatchObject({ users: 1, median_time_from_previous_s: 0.0008 });
    expect(await get('/analytics?user_id=m&from=2026-11-20&to=2026-11-21')).toContain(`"first_seen":"${at('123100')}"`);
    const page = await get('/analytics/users/m/journey?from=2026-11-20&to=2026-11-21&limit=1');
    expect(page).toContain(at('123100'));
    const { next_cursor } = JSON.parse(page) as { next_cursor: string };
    expect(
      await get(`/analytics/users/m/journey?from=2026-11-20&to=2026-11-21&limit=1&cursor=${next_cursor}`),
    ).toContain(at('123900'));
    const range = `from=${at('123500')}&to=${at('124000')}`;
    expect((JSON.parse(await get(`/events?user_id=m&${range}`)) as { data: unknown[] }).data).toHaveLength(1);
    for (const [n, fraction] of ['.123456', '.1', ''].entries()) {
      const time = `2026-11-20T10:00:0${n}${fraction}Z`;
      await post(
        '/api/v1/logs',
        `{"action_type":"VIEW","resource_type":"pod","resource_id":"p${n}","occurred_at":"${time}"}`,
      );
    }
    const shown = ['10:00:02.000Z', '10:00:01.100Z', '10:00:00.123456Z'];
    const list = JSON.parse(await get('/logs?resource_type=pod&from=2026-11-20&to=2026-11-21')) as {
      data: { occurred_at: string }[];
    };
    expect(list.data.map(({ occurred_at: time }) => time.slice(11))).toEqual(shown);
    const filters = 'resource_type=pod&from=2026-11-20&to=2026-11-21';
    const csv = await get(`/logs/export?format=csv&${filters}`);
    for (const time of shown) expect(csv).toContain(`"2026-11-20T${time}"`);
    const local = await get(`/logs/export?format=csv&tz=America/Chicago&${filters}`);
    expect(local).toContain('2026-11-20T04:00:00.123456-06:00');
    expect(local).toContain('2026-11-20T04:00:02.000-06:00');
    const lines = (await get(`/logs/export?format=ndjson&${filters}`)).trim().split('\n');
    expect((JSON.parse(lines.at(-1)!) as { occurred_at: string }).occurred_at).toBe('2026-11-20T10:00:00.123456Z');
  });

  async function drained(): Promise<void> {
    for (;;) {
      const { pending_events } = JSON.parse(await get('/analytics/queue-status')) as { pending_events: number };
      if (pending_events === 0) return;
    }
  }
});

/** Microseconds since 1970, of what a digit beyond is cut. */
function momentOf(value: Exact | undefined): bigint {
  const [, seconds = '', fraction = '', offset = ''] = /^"(.{19})(?:\.(\d+))?(.+)$/.exec(value as string) ?? [];
  return BigInt(Date.parse(`${seconds}${offset}`)) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}
