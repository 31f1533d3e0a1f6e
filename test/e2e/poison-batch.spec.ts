import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { BAD_TEXTS, BAD_TIMES, BAD_VALUES, eventJson, PLACES } from '../support/bad-events.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { rollupDifference } from '../support/recount.js';
import { TestWorker } from '../support/worker.js';

const BATCH = 1_000;
const TENANTS = ['north', 'south', 'east', 'west'];
/** What only PostgreSQL refuses, in each of the ways it can: so the whole commit fails, other tenants' events with it. */
const REFUSED_BY_POSTGRES = ['22003', '22P05', '23514', '54001'];

interface Poisoned {
  name: string;
  json: string;
  /** Path within the event; empty where PostgreSQL names none. */
  path: string;
}

interface BatchAnswer {
  accepted: number;
  rejected: number;
  results: { index: number; status: string; id?: string; error?: { path?: string; message: string } }[];
}

function poisons(): Poisoned[] {
  const fields = ['event_type', 'event_id', 'user_id', 'session_id'];
  return [
    ...REFUSED_BY_POSTGRES.map((state) => ({
      ...{ name: `SQLSTATE ${state}`, json: eventJson({ event_type: `"refuse ${state}"` }), path: '' },
    })),
    ...BAD_TEXTS.map(({ name, json }, n) => {
      const path = fields[n % fields.length]!; // each field in turn
      return { name: `${path}: ${name}`, json: eventJson({ [path]: json }), path };
    }),
    ...BAD_TIMES.filter((_time, n) => n % 4 === 0).map(({ name, json }) => ({
      ...{ name: `event_time: ${name}`, json: eventJson({ event_time: json }), path: 'event_time' },
    })),
    ...BAD_VALUES.map(({ name, json }, n) => {
      const place = PLACES[n % PLACES.length]!; // each place in turn
      return { name: `payload: ${name}`, json: eventJson({ payload: place.json(json) }), path: 'payload' };
    }),
  ];
}

/** One bad event among 999 good ones, in batches of several tenants that share commits. */
describeDatabase('a poisoned batch', {}, (database) => {
  let api: TestApiProcess;
  let worker: TestWorker;
  const keys = new Map<string, string>();
  const accepted = new Map<string, number>();

  beforeAll(async () => {
    await database.query(`
      create function refuse_event() returns trigger language plpgsql as $$
      begin raise exception 'refused' using errcode = substr(new.event_type, 8); end $$`);
    await database.query(`
      create trigger refuse_event before insert on events for each row
      when (new.event_type like 'refuse %') execute function refuse_event()`);
    api = await TestApiProcess.start(database.url, { RATE_LIMIT_REQUESTS: '1000000' });
    worker = await TestWorker.start(database.url);
    for (const tenant of [...TENANTS, 'clean']) keys.set(tenant, await createKey(tenant));
  });

  afterAll(async () => {
    await worker.stop();
    await api.stop();
  });

  async function call<Body>(path: string, key: string, body?: string, headers: Record<string, string> = {}) {
    const response = await fetch(api.url(path), {
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { method: 'POST', body }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  }

  async function createKey(name: string): Promise<string> {
    const tenant = await call<{ id: string }>('/tenants', PLATFORM_KEY, JSON.stringify({ name }));
    const wanted = JSON.stringify({ client_id: 'shop', name, scopes: ['read', 'write'] });
    const made = await call<{ key: string }>('/keys', PLATFORM_KEY, wanted, { 'X-Tenant-Id': tenant.body.id });
    return made.body.key;
  }

  /** @returns what is wrong with the answer, or null; `bad` takes a place that differs from batch to batch */
  async function sendBatch(tenant: string, bad: Poisoned | null, place: number): Promise<string | null> {
    const events = Array.from({ length: BATCH }, (_, n) => eventJson({ payload: `{"n":${n}}` }));
    if (bad !== null) events[place] = bad.json;
    const { status, body } = await call<BatchAnswer>(
      '/events/batch',
      keys.get(tenant)!,
      `{"events":[${events.join(',')}]}`,
    );
    const rejected = (body.results ?? []).filter((result) => result.status !== 'accepted');
    accepted.set(tenant, (accepted.get(tenant) ?? 0) + (body.accepted ?? 0));
    const said = `${tenant}, ${bad?.name ?? 'all good'}: ${status} ${body.accepted} accepted, ${JSON.stringify(rejected.slice(0, 3))}`;
    if (status !== 202 || body.results.length !== BATCH) return said;
    if (bad === null) return rejected.length === 0 && body.accepted === BATCH ? null : said;
    const [only] = rejected;
    const path = bad.path === '' ? `events[${place}]` : `events[${place}].${bad.path}`;
    const right =
      rejected.length === 1 &&
      only?.status === 'rejected' &&
      only.index === place &&
      only.error?.path?.startsWith(path) === true &&
      body.accepted === BATCH - 1;
    return right ? null : said;
  }

  it('loses its bad event and nothing else, and no other tenant notices', async () => {
    const all = poisons();
    expect(all.length).toBeGreaterThanOrEqual(40);
    const faults: (string | null)[] = [];
    for (let round = 0; round * TENANTS.length < all.length; round++) {
      const batches = TENANTS.map((tenant, n) => {
        const bad = all[round * TENANTS.length + n] ?? null;
        return sendBatch(tenant, bad, [0, BATCH - 1, (round * 37 + n) % BATCH, 500][n]!);
      });
      faults.push(...(await Promise.all([...batches, sendBatch('clean', null, 0)])));
    }
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
    await expectStoredAndCounted();
  }, 240_000);

  it('with several at once in one commit loses each of them', async () => {
    const refused = poisons().filter(({ path }) => path === '');
    const batches = TENANTS.flatMap((tenant, n) => [
      sendBatch(tenant, refused[n]!, n * 300),
      sendBatch(tenant, refused[n]!, 999 - n),
      sendBatch('clean', null, 0),
    ]);
    expect((await Promise.all(batches)).filter((fault) => fault !== null)).toEqual([]);
    await expectStoredAndCounted();
  }, 120_000);

  /** Every accepted event is one row and counts once. */
  async function expectStoredAndCounted(): Promise<void> {
    const stored = await database.query<{ name: string; count: number }>(`
      select t.name, count(*)::int as count from events e join tenants t on t.id = e.tenant_id group by t.name`);
    expect(new Map(stored.map(({ name, count }) => [name, count]))).toEqual(accepted);
    await eventually(async () => {
      for (const [tenant, key] of keys) {
        const { body } = await call<{ total: number }>('/analytics/events-by-type', key);
        expect([tenant, body.total]).toEqual([tenant, accepted.get(tenant)]);
      }
    }, 60_000);
    expect(await rollupDifference(database)).toBe(0);
    expect(await database.query('select from failed_events')).toEqual([]);
  }
});
