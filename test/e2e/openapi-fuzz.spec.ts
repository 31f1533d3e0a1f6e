import { Agent } from 'node:http';
import { randomInt } from 'node:crypto';
import { PLATFORM_KEY } from '../support/api.js';
import { forgedCursors } from '../support/edge-values.js';
import { describeApi } from '../support/fixture.js';
import { readDocument } from '../support/openapi-document.js';
import { type Document, OpenApiRequests } from '../support/openapi-requests.js';
import { type RawAnswer, type RawRequest, send } from '../support/raw-http.js';

const REQUESTS = Number(process.env['TIDEMARK_FUZZ_REQUESTS'] ?? 10_500);
/** Set it to the number that a failed run has printed, and the same requests are sent in the same order. */
const SEED = Number(process.env['TIDEMARK_FUZZ_SEED'] ?? randomInt(2 ** 31));
const AT_ONCE = 8;
const ANSWER_WITHIN_MS = 10_000;
const GIVES_AWAY =
  /node_modules|\.[jt]s:\d+|\bat \S+ \(|\bselect\b.*\bfrom\b|\binsert into\b|syntax error at|QueryFailed|violates|relation "/i;

const OPTIONS = { env: { RATE_LIMIT_REQUESTS: '10000000', LOG_LEVEL: 'fatal' } };

describeApi(`every operation of the OpenAPI document (TIDEMARK_FUZZ_SEED=${SEED})`, OPTIONS, (api) => {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let headers: Record<string, string>;

  beforeAll(async () => {
    headers = { 'X-API-Key': PLATFORM_KEY, 'X-Tenant-Id': await api.createTenant('Edges') };
  });

  afterAll(async () => {
    agent.destroy();
  });

  const call = async <Body>(method: string, path: string, body?: unknown) =>
    (await api.call<Body>(method, path, { headers, ...(body === undefined ? {} : { body }) })).body;

  /** Rows that routes can find, so that they do not stop at a 404. */
  async function fillTenant() {
    const created = async (path: string, body: unknown) => (await call<{ id: string }>('POST', path, body)).id;
    const entry = { action_type: 'VIEW', resource_type: 'r', resource_id: '1', message: 'a b', user_id: 'a' };
    await call('POST', '/events/batch', {
      events: Array.from({ length: 50 }, (_, n) => ({
        event_type: `a${n % 3}`,
        user_id: `u${n % 5}`,
        payload: { a: n },
      })),
    });
    for (const type of ['a', 'b']) {
      await call('PUT', `/event-types/${type}/schema`, { schema: { type: 'object' }, mode: 'quarantine' });
    }
    for (let n = 0; n < 5; n++) await created('/logs', entry);
    const key = { client_id: 'c', name: 'n', scopes: ['read'] };
    await created('/keys', key);
    return {
      '/events': await created('/events', { event_type: 'a', user_id: 'a' }),
      '/logs': await created('/logs', entry),
      '/keys': await created('/keys', key),
      '/tenants': await api.createTenant('Spare'),
      '/analytics/funnels': await created('/analytics/funnels', { name: 'f', steps: [{ event_type: 'a' }] }),
      '/segments': await created('/segments', { name: 's', filters: { property: 'a', op: 'gt', value: 1 } }),
      '/privacy/erasures': await created('/privacy/erasures', { user_id: 'nobody-at-all' }),
      '/jobs': (await call<{ job_id: string }>('POST', '/generate-sample-data/1')).job_id,
    };
  }

  async function realCursors(): Promise<string[]> {
    const lists = [
      '/events',
      '/logs',
      '/keys',
      '/tenants',
      '/audit/logs',
      '/event-types',
      '/analytics/users/u1/journey',
    ];
    const pages = await Promise.all(
      lists.map((path) => call<{ next_cursor?: string | null }>('GET', `${path}?limit=1`)),
    );
    return pages.flatMap(({ next_cursor }) => next_cursor ?? []);
  }

  async function faultsOf(requests: readonly RawRequest[], statuses: Map<number, number>): Promise<string[]> {
    const faults: string[] = [];
    const { port } = new URL(api.url);
    const waiting = requests.values();
    const sendAll = async () => {
      for (const request of waiting) {
        const all = { ...request, headers: { ...headers, ...request.headers } };
        const fault = await send(Number(port), agent, all, ANSWER_WITHIN_MS).then(
          (answer) => {
            // signing in is the one route whose body is the credential: no key at an edge is a good one
            const isRefusedKey = answer.status === 401 && request.path.startsWith('/api/v1/auth/session');
            if (isRefusedKey) return null;
            statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
            return faultOf(answer);
          },
          (error: Error) => error.message,
        );
        if (fault !== null) faults.push(`${describeRequest(request)}: ${fault}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendAll));
    return faults;
  }

  it(`answers ${REQUESTS} requests at the edges with what was wrong, and never with a fault of its own`, async () => {
    const document = readDocument<Document>();
    const ids = await fillTenant();
    const cursors = forgedCursors(await realCursors());
    const statuses = new Map<number, number>();
    const startedAt = Date.now();
    const requests = new OpenApiRequests(document, { ids, cursors }).draw(REQUESTS, SEED);
    const faults = await faultsOf(requests, statuses);
    const seconds = ((Date.now() - startedAt) / 1_000).toFixed(0);
    const counts = [...statuses].sort().map(([status, count]) => `${count} × ${status}`);
    process.stderr.write(
      `${requests.length} requests in ${seconds} s, TIDEMARK_FUZZ_SEED=${SEED}: ${counts.join(', ')}\n`,
    );
    expect(faults.slice(0, 40)).toEqual([]);
    expect(requests.length).toBeGreaterThanOrEqual(REQUESTS);
    // Else the requests were all refused at once and said nothing about what lies behind.
    expect((statuses.get(200) ?? 0) / requests.length).toBeGreaterThan(0.1);
    expect(statuses.get(401) ?? 0).toBe(0);
  }, 600_000);
});

const describeRequest = ({ method, path, body, headers }: RawRequest) =>
  `${method} ${path.slice(0, 300)} ${body?.toString().slice(0, 300) ?? ''} ${JSON.stringify(headers).slice(0, 200)}`;

function faultOf({ status, contentType, body }: RawAnswer): string | null {
  const said = `${status} ${contentType} ${body.slice(0, 500)}`;
  if (status >= 500) return said;
  if (status < 400) return null;
  if (!contentType.startsWith('application/problem+json')) return `no problem: ${said}`;
  const problem = JSON.parse(body) as { status?: unknown; detail?: unknown; request_id?: unknown; results?: unknown };
  if (problem.status !== status || typeof problem.request_id !== 'string') return `not whole: ${said}`;
  if (typeof problem.detail !== 'string' || !/^\S.{8,}[.]$/su.test(problem.detail)) return `no sentence: ${said}`;
  return GIVES_AWAY.test(body) ? `gives something away: ${said}` : null;
}
