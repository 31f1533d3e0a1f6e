import { once } from 'node:events';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import {
  byteCases,
  type Case,
  fieldCases,
  headerCases,
  payloadCases,
  queryCases,
  shapeCases,
  slowCases,
} from '../support/bad-requests.js';
import { describeDatabase } from '../support/fixture.js';
import { type RawAnswer, send, sendText } from '../support/raw-http.js';

interface Probe {
  pid: number;
  heldUpMs: number;
  objectPrototype: string[];
}

const ANSWER_WITHIN_MS = 5_000;
/** On a machine with nothing else to do 50 ms hold (TIDEMARK_STRICT=1); while other suites share its cores they say nothing. */
const HELD_UP_MS = process.env['TIDEMARK_STRICT'] === '1' ? 50 : 1_000;

/** Some 1,500 requests, most of them bad, against the built API in a process of its own. */
describeDatabase('bad input', {}, (database) => {
  const agent = new Agent({ keepAlive: true });
  const heldUp: [ms: number, name: string][] = [];
  let api: TestApiProcess;
  let objectPrototype: string[];
  let sent = 0;

  beforeAll(async () => {
    api = await TestApiProcess.start(database.url, {
      NODE_OPTIONS: `--require ${join(process.cwd(), 'test', 'support', 'process-probe.cjs')}`,
      RATE_LIMIT_REQUESTS: '1000000',
    });
    ({ objectPrototype } = await probe());
  });

  afterAll(async () => {
    agent.destroy();
    await api.stop();
    heldUp.sort(([one], [other]) => other - one);
    const worst = heldUp.slice(0, 5).map(([ms, name]) => `${ms.toFixed(0)} ms ${name}`);
    process.stderr.write(`${sent} inputs; longest event-loop delays: ${worst.join('; ')}\n`);
  });

  async function probe(): Promise<Probe> {
    const answer = once(api.child, 'message') as Promise<[Probe]>;
    api.child.send('probe');
    return (await answer)[0];
  }

  async function faultsOf(cases: readonly Case[]): Promise<string[]> {
    const faults: string[] = [];
    await probe();
    for (const one of cases) {
      const fault = await sendCase(one).then(
        (answer) => faultOf(one, answer),
        (error: Error) => error.message,
      );
      const { heldUpMs } = await probe();
      heldUp.push([heldUpMs, one.name]);
      if (heldUpMs > HELD_UP_MS) faults.push(`${one.name}: held up the event loop for ${heldUpMs} ms`);
      if (fault !== null) faults.push(`${one.name}: ${fault}`);
    }
    sent += cases.length;
    return faults;
  }

  function sendCase(one: Case): Promise<RawAnswer> {
    const headers = { 'X-API-Key': PLATFORM_KEY, ...one.headers };
    return send(api.port, agent, { ...one, headers, path: `/api/v1${one.path}` }, ANSWER_WITHIN_MS);
  }

  async function expectUnharmed(): Promise<void> {
    const body = JSON.stringify({ event_type: 'good', payload: { after: sent } });
    const headers = { 'Content-Type': 'application/json', 'X-API-Key': PLATFORM_KEY };
    const good = await fetch(api.url('/events/ingest'), { method: 'POST', headers, body });
    expect(good.status).toBe(202);
    const { id } = (await good.json()) as { id: string };
    const stored = await fetch(api.url(`/events/${id}`), { headers });
    expect(await stored.json()).toMatchObject({ event_type: 'good', payload: { after: sent } });
    const now = await probe();
    expect(now.pid).toBe(api.child.pid);
    expect(now.objectPrototype).toEqual(objectPrototype);
  }

  it.each([
    ['in the fields of events', fieldCases],
    ['in payloads', payloadCases],
    ['as bodies', shapeCases],
    ['as bodies slow to parse', slowCases],
    ['in bytes', byteCases],
    ['in headers', headerCases],
    ['in queries', queryCases],
  ])(
    '%s is refused with its name, and good input is not',
    async (_where, cases) => {
      expect(await faultsOf(cases())).toEqual([]);
      await expectUnharmed();
    },
    240_000,
  );

  it.each([
    ['a body shorter than it said', 'Content-Length: 100\r\n\r\n{"event_type":"a"}'],
    ['a body longer than it said', 'Content-Length: 5\r\n\r\n{"event_type":"a"}'],
    ['a negative length', 'Content-Length: -1\r\n\r\n{}'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
    ['a broken chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'],
    ['a cut off chunk', 'Transfer-Encoding: chunked\r\n\r\nff\r\n{"event'],
    ['NUL in a header', 'X-Request-Id: \0\r\nContent-Length: 2\r\n\r\n{}'],
    ['a header of 100 KB', `X-Request-Id: ${'x'.repeat(100_000)}\r\nContent-Length: 2\r\n\r\n{}`],
    ['an expectation nobody can meet', 'Expect: wonders\r\nContent-Length: 2\r\n\r\n{}'],
  ])('%s is answered with a problem and does no harm', async (_name, rest) => {
    const head = `POST /api/v1/events/ingest HTTP/1.1\r\nHost: x\r\nX-API-Key: ${PLATFORM_KEY}\r\nContent-Type: application/json\r\n`;
    const answer = await sendText(api.port, head + rest, ANSWER_WITHIN_MS);
    sent += 1;
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
    await expectUnharmed();
  });
});

function faultOf({ statuses, field, mixed }: Case, { status, contentType, body }: RawAnswer): string | null {
  const said = `${status} ${body.slice(0, 300)}`;
  if (!statuses.includes(status)) return `expected ${statuses.join(' or ')}, got ${said}`;
  const parsed = JSON.parse(body) as Answer;
  if (status >= 400 && !contentType.startsWith('application/problem+json')) return `is ${contentType}: ${said}`;
  if (mixed === true) return null;
  if (field === undefined) return (parsed.rejected ?? 0) === 0 || status >= 400 ? null : `was rejected: ${said}`;
  const paths = status >= 400 ? (parsed.errors ?? []).map(({ path }) => path) : pathsOfOneRejection(parsed);
  return paths.some((path) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`))
    ? null
    : `does not name ${field}: ${said}`;
}

interface Answer {
  accepted?: number;
  rejected?: number;
  results?: { status: string; error?: { path?: string } }[];
  errors?: { path: string }[];
}

/** Paths, if the good event of the batch was accepted and the bad one was not. */
function pathsOfOneRejection({ accepted, rejected, results = [] }: Answer): string[] {
  if (accepted !== 1 || rejected !== 1) return [];
  return results.flatMap(({ error }) => error?.path ?? []);
}
