import { createHash } from 'node:crypto';
import { RecountService } from '../../src/analytics/rollups/recount.service.js';
import { mulberry32, pick, type Random } from '../../src/events/sample-data/seeded-random.js';
import { HoldsRepository } from '../../src/audit/preservation/holds.repository.js';
import { ErasureRunner } from '../../src/privacy/erasure-runner.js';
import { ArchiveEraser } from '../../src/privacy/erasers/archive-eraser.js';
import { CallEraser } from '../../src/privacy/erasers/call-eraser.js';
import { EntryEraser } from '../../src/privacy/erasers/entry-eraser.js';
import { Erasers } from '../../src/privacy/erasers/erasers.js';
import { ErasuresRepository } from '../../src/privacy/erasures/erasures.repository.js';
import { EventEraser } from '../../src/privacy/erasers/event-eraser.js';
import { RollupEraser } from '../../src/privacy/erasers/rollup-eraser.js';
import { SubjectEraser } from '../../src/privacy/erasers/subject-eraser.js';
import { SubjectFinder } from '../../src/privacy/subject/subject-finder.js';
import { formatUuid, uuid7 } from '../../src/platform/database/uuid7.js';
import { TestArchives } from '../support/audit-archive.js';
import { TestTrail, verifyLines } from '../support/audit-trail.js';
import {
  changedKeys,
  expectedOf,
  readRecords,
  redact,
  type Records,
  type Snapshot,
  snapshot,
  snapshotSql,
  withChanges,
} from '../support/erasure-oracle.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { TestPipeline } from '../support/ingest.js';
import { unstartedTasks } from '../support/periodic-tasks.js';
import { NASTY_NAMES, nastyPayload } from '../support/nasty-names.js';

/**
 * Data sets of 100 users, each of whom is erased in turn, the last set with `mentions: redact`. `npm run test:audit` takes
 * ten, which are 1,000 erasures.
 */
const DATA_SETS = Number(process.env['ERASURE_DATA_SETS'] ?? 3);
const USERS = 100;
const SEED = Number(process.env['ERASURE_SEED'] ?? 7);
/** Has no record of its own; others name it. */
const ONLY_NAMED = 'only named';

const OPTIONS = { env: { RATE_LIMIT_REQUESTS: '1000000', EVENT_CONTEXT: 'full' } };

describeApi('erasing by identity', OPTIONS, (api, { database }) => {
  let pipeline: TestPipeline;
  let trail: TestTrail;
  let archives: TestArchives;
  let runner: ErasureRunner;
  let erasures: ErasuresRepository;
  let allRows: string;

  beforeAll(async () => {
    pipeline = new TestPipeline(database.url);
    trail = new TestTrail(database.url);
    erasures = new ErasuresRepository(trail.database, new HoldsRepository(trail.database));
    const { restorer, rewriter, archiver } = (archives = new TestArchives(trail, database.url));
    const ofArchives = new ArchiveEraser(restorer, rewriter, archiver);
    const ofEntries = new EntryEraser(trail.acts);
    const erasers = new Erasers(new EventEraser(), ofEntries, ofArchives, new CallEraser(), new RollupEraser());
    const eraser = new SubjectEraser(trail.database, erasures, new SubjectFinder(), erasers);
    runner = new ErasureRunner(erasures, eraser, unstartedTasks());
    allRows = await snapshotSql(database);
  });

  afterAll(async () => {
    archives.remove();
    await trail.stop();
    await pipeline.stop();
  });

  const idsOf = (n: number) => {
    const own = NASTY_NAMES.slice(n % 3);
    return [...own, ...Array.from({ length: USERS - own.length }, (_, i) => `u${i}`)].slice(0, USERS);
  };

  it(`touches no field of anybody else in ${DATA_SETS} data sets of ${USERS} users`, async () => {
    let erased = 0;
    let mentions = 0;
    for (let n = 0; n < DATA_SETS; n++) {
      const users = idsOf(n);
      const policy = n === DATA_SETS - 1 ? 'redact' : 'keep';
      const { tenant } = await fill(n, users, mulberry32(SEED + n));
      let state = await look(tenant);
      for (const subject of [...users, ONLY_NAMED]) {
        const { after, mentioned } = await eraseAndCompare(tenant, state, subject, policy);
        state = after;
        mentions += mentioned;
        erased++;
      }
      expect(
        await new RecountService(pipeline.database).recount(ALL_TIME, { repair: false, tenantId: tenant }),
      ).toEqual([]);
      await trail.sealAll();
      expect(verifyLines(await trail.export(tenant))).toMatchObject({ ok: true, complete: true, problems: [] });
    }
    process.stdout.write(
      `erasure: ${erased} subjects erased, ${mentions} mentions of them in other people's records\n`,
    );
    expect(mentions).toBeGreaterThan(erased);
  }, 600_000);

  /** A tenant in which everybody did something, mentions others, and shares sessions and devices. */
  async function fill(n: number, users: readonly string[], random: Random): Promise<{ tenant: string; key: string }> {
    const tenant = await api.createTenant(`Data set ${n}`);
    const key = await api.createKey(tenant, ['read', 'write', 'admin'], 'shop');
    const someone = () => pick(random, users);
    const sessionOf = (user: string) =>
      pick(random, [undefined, `of ${user}`, someone(), pick(random, ['web', '1', 'session'])]);
    const events = users.flatMap((user, i) => [
      {
        event_type: 'login',
        event_id: `${i} of ${user}`,
        user_id: user,
        session_id: sessionOf(user),
        payload: nastyPayload(random, [...users, ONLY_NAMED]),
      },
      {
        event_type: 'view',
        event_id: someone() + i,
        session_id: sessionOf(user),
        payload: nastyPayload(random, [...users, ONLY_NAMED]),
      },
      {
        event_type: someone(),
        event_id: user,
        user_id: someone(),
        payload: nastyPayload(random, [...users, ONLY_NAMED]),
      },
    ]);
    await ok(api.post('/events/batch', { events }, key), 202);
    for (const user of users.slice(0, 30)) {
      await ok(api.post('/events/ingest', { event_type: 'open', user_id: user, payload: { of: user } }, key), 202);
    }
    await sendSegment(key, users, random);
    const logs = users.flatMap((user) => [
      {
        user_id: user,
        resource_id: someone(),
        message: `Invoice ${user} approved`,
        ip_address: '192.0.2.1',
        session_id: sessionOf(user),
      },
      {
        user_id: someone(),
        resource_id: user,
        message: someone(),
        before_state: nastyPayload(random, [...users, ONLY_NAMED]),
        after_state: { user },
      },
      {
        session_id: sessionOf(user),
        resource_id: 'x',
        message: 'of somebody',
        metadata: nastyPayload(random, [...users, ONLY_NAMED]),
      },
    ]);
    const entries = logs.map((log) => ({ action_type: 'UPDATE', resource_type: 'order', ...log }));
    await ok(api.post('/logs/bulk', { logs: entries }, key), 201);
    await callPaths(tenant, key, users);
    await processAll(tenant);
    await trail.sealAll();
    return { tenant, key };
  }

  async function sendSegment(key: string, users: readonly string[], random: Random): Promise<void> {
    const batch = users.slice(0, 60).flatMap((user, i) => {
      const device = pick(random, [`device ${i}`, `device ${i % 20}`, pick(random, users)]);
      return [
        {
          type: 'track',
          event: 'view',
          anonymousId: device,
          messageId: `s1 ${i}`,
          properties: nastyPayload(random, [...users, ONLY_NAMED]),
        },
        { type: 'identify', userId: user, anonymousId: device, messageId: `s2 ${i}`, traits: { plan: 'pro' } },
        {
          type: 'alias',
          userId: user,
          previousId: pick(random, [`old ${i}`, `device ${i % 20}`]),
          messageId: `s3 ${i}`,
        },
        { type: 'track', event: 'buy', anonymousId: `old ${i}`, messageId: `s4 ${i}` },
      ];
    });
    const response = await fetch(`${api.url}/v1/batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': key },
      body: JSON.stringify({ batch }),
    });
    expect(await response.json()).toMatchObject({ accepted: batch.length });
  }

  async function callPaths(tenant: string, key: string, users: readonly string[]): Promise<void> {
    for (const user of users.slice(0, 40)) {
      const part = encodeURIComponent(user);
      const spelled = [...Buffer.from(user)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
      await Promise.all([
        api.get(`/analytics/users/${part}/journey`, key),
        api.get(`/analytics/users/${spelled}/journey`, key),
        api.get(`/events/${part}`, key),
        api.get(`/people/${spelled}`, key),
      ]);
    }
    const where = { user: users[0], [users[1]!]: users[2], plan: users[3] };
    await ok(api.post('/analytics/funnels', { name: users[4], steps: [{ event_type: users[5], where }] }, key), 201);
    await ok(
      api
        .call('GET', `/logs/export?format=csv&user_id=${encodeURIComponent(users[6]!)}`, { key })
        .catch(() => ({ status: 200 })),
      200,
    );
    await ok(api.get('/analytics/events-by-type', key), 200);
    // calls are written in their order, some time after their answers
    await eventually(async () => {
      expect(
        await database.query(`select from api_audit_logs where tenant_id = $1 and path like '%/events-by-type'`, [
          tenant,
        ]),
      ).toHaveLength(1);
    });
  }

  async function processAll(tenant: string): Promise<void> {
    const queued = await database.query<{ id: string }>(
      `select id from ingest_batches where tenant_id = $1 and status = 'queued'`,
      [tenant],
    );
    await pipeline.processing.process(queued.map(({ id }) => id));
  }

  async function look(tenant: string): Promise<State> {
    return { rows: await snapshot(database, allRows, tenant), records: await readRecords(database, tenant) };
  }

  /** @returns what is there afterwards, and in how many records of others the subject was mentioned */
  async function eraseAndCompare(tenant: string, before: State, subject: string, mentions: 'keep' | 'redact') {
    const expected = expectedOf(subject, before.records);
    const id = uuid7();
    const requester = { tenantId: tenant, clientId: 'shop', keyId: null };
    await erasures.insert(requester, { id, subject, subjectHmac: `hmac of ${id}`, mentions }, async () => undefined);
    await runner.runAll(new AbortController().signal);
    const { state, counts } = (await erasures.find(tenant, id))!;
    expect({ subject, state, counts }).toMatchObject({
      subject,
      state: 'completed',
      counts: {
        events: expected.events.size,
        entries_of: expected.entries.size,
        call_rows: expected.callRows.size,
        call_paths: expected.callPaths.size,
        anonymous_ids: expected.identities.size - 1,
        sessions: expected.sessions.size,
        mentions_in_events: expected.mentionsInEvents.size,
        mentions_in_entries: expected.mentionsInEntries.size,
        mentions_in_calls: expected.mentionsInCalls.size,
      },
    });
    const rows = await snapshot(database, allRows, tenant);
    const changed = changedKeys(before.rows, rows);
    const ids = changed.flatMap((key) => /^(?:events|audit_entries|api_audit_logs) (.*)/.exec(key)?.[1] ?? []);
    const after = { rows, records: withChanges(before.records, await readRecords(database, tenant, ids)) };
    expect({ subject, changed: changed.filter((key) => !isExpected(key, expected, mentions)) }).toEqual({
      subject,
      changed: [],
    });
    expectErased(after.records, expected);
    if (mentions === 'redact') expectRedacted(before.records, after.records, expected, subject);
    return { after, mentioned: expected.mentionsInEvents.size + expected.mentionsInEntries.size };
  }

  const ALL_TIME = { from: Date.parse('2000-01-01'), to: Date.now() + 2 * 86_400_000 };
});

async function ok(answer: Promise<{ status: number; body?: unknown }>, status: number): Promise<void> {
  const given = await answer;
  if (given.status !== status) throw new Error(`answered ${given.status}: ${JSON.stringify(given.body)}`);
}

interface State {
  rows: Snapshot;
  records: Records;
}

type ExpectedRows = ReturnType<typeof expectedOf>;

/** Whether a row may change. Rows of the rollups are compared with the events afterwards; a user's must be one of the subject. */
function isExpected(key: string, expected: ExpectedRows, mentions: 'keep' | 'redact'): boolean {
  const [table = '', ...rest] = key.split(' ');
  const id = rest.join(' ');
  const redacted = mentions === 'redact';
  switch (table) {
    case 'events':
      return expected.events.has(id) || (redacted && expected.mentionsInEvents.has(id));
    case 'audit_entries':
    case 'audit_keys':
      return expected.entries.has(id) || (redacted && expected.mentionsInEntries.has(id));
    case 'api_audit_logs':
      return expected.callRows.has(id) || expected.callPaths.has(id) || (redacted && expected.mentionsInCalls.has(id));
    case 'saved_funnels':
    case 'saved_segments':
      return redacted;
    case 'user_days':
      return [...expected.identities].some((identity) => id.endsWith(subjectKey(identity)));
    case 'session_days':
      return [...expected.sessionsOfEvents].some((session) => id.endsWith(subjectKey(session)));
    default:
      return false;
  }
}

/** As subject_key() in the database. */
const subjectKey = (subject: string) => formatUuid(createHash('sha256').update(subject).digest().subarray(0, 16));

function expectErased(after: Records, expected: ExpectedRows): void {
  for (const event of after.events.filter(({ id }) => expected.events.has(id))) {
    const { id, client_id, event_type } = event;
    const blank = { user_id: null, session_id: null, payload: {}, enrichment: null };
    expect(event).toEqual({ id, client_id, event_type, event_id: id, ...blank });
  }
  for (const entry of after.entries.filter(({ id }) => expected.entries.has(id))) {
    expect(Object.values({ ...entry, id: null, source: null }).every((value) => value === null)).toBe(true);
  }
  for (const call of after.calls) {
    if (expected.callRows.has(call.id)) expect([call.ip, call.user_agent]).toEqual([null, null]);
    if (expected.callPaths.has(call.id)) expect(call.path).toBe(call.route);
  }
}

/** Each value that is the subject is replaced, and nothing else of the record has changed. */
function expectRedacted(before: Records, after: Records, expected: ExpectedRows, subject: string): void {
  const events = new Map(after.events.map((event) => [event.id, event]));
  for (const event of before.events.filter(({ id }) => expected.mentionsInEvents.has(id))) {
    const [payload, enrichment] = [redact(event.payload, subject), redact(event.enrichment, subject)];
    expect(events.get(event.id)).toEqual({ ...event, payload, enrichment });
  }
  const entries = new Map(after.entries.map((entry) => [entry.id, entry]));
  for (const entry of before.entries.filter(({ id }) => expected.mentionsInEntries.has(id))) {
    const replaced = ['resource_id', 'message', 'before_state', 'after_state', 'metadata']
      .filter((field) => field !== 'resource_id' || entry.source === 'api')
      .map((field) => [field, redact(entry[field as 'metadata'], subject)] as const);
    expect(entries.get(entry.id)).toEqual({ ...entry, ...Object.fromEntries(replaced) });
  }
}
