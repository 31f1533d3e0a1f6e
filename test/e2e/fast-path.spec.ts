import { Agent } from 'node:http';
import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { exchange, type Exchanged } from '../support/exchange.js';
import {
  type Credentials,
  filledIn,
  INGEST_ROUTES,
  type IngestRequest,
  ingestRequest,
  type IngestRoute,
  LISTED_ORIGIN,
  OWN_HEADER,
} from '../support/ingest-requests.js';
import { RandomValues } from '../support/random-values.js';

const REQUESTS = 2_000;
/** So many requests are on their way at the same time, each with keys of its own. */
const LANES = 8;
const WINDOW_SECONDS = 3_600;

interface Server {
  database: TestDatabase;
  api: TestApi;
  port: number;
  agent: Agent;
  /** Of each lane. */
  credentials: Credentials[];
  isStopped?: boolean;
}

async function stop(server: Server): Promise<void> {
  if (server.isStopped !== true) await server.api.stop();
  server.isStopped = true;
}

async function startServer(fastPath: boolean): Promise<Server> {
  const database = await createTestDatabase();
  const api = await TestApi.start(
    database.url,
    {
      CORS_ORIGINS: LISTED_ORIGIN,
      API_KEY_HEADERS: OWN_HEADER,
      MAX_BATCH_SIZE: '10',
      MAX_BODY_BYTES: '65536',
      TRUST_PROXY: 'loopback',
      RATE_LIMIT_REQUESTS: '1000000',
      RATE_LIMIT_WINDOW_SECONDS: `${WINDOW_SECONDS}`,
    },
    { fastPath },
  );
  const credentials: Credentials[] = [];
  for (let lane = 0; lane < LANES; lane++) credentials.push(await createCredentials(api, lane));
  const agent = new Agent({ keepAlive: true, maxSockets: LANES });
  return { database, api, port: Number(new URL(api.url).port), agent, credentials };
}

async function createCredentials(api: TestApi, lane: number): Promise<Credentials> {
  const tenant = await api.createTenant(`Acme ${lane}`);
  const create = async (scopes: string[], limits: object = {}) => {
    const { status, body } = await api.call<{ id: string; key: string }>('POST', '/keys', {
      body: { client_id: 'shop', name: 'shop', scopes, ...limits },
      headers: { 'X-Tenant-Id': tenant },
    });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  };
  const write = (await create(['write'])).key;
  const disabled = await create(['write']);
  await api.call('PATCH', `/keys/${disabled.id}`, { body: { is_active: false }, headers: { 'X-Tenant-Id': tenant } });
  const limited = await create(['write'], { rate_limit: 4, rate_window_s: WINDOW_SECONDS });
  const few = await create(['write'], { event_limit: 10, rate_window_s: WINDOW_SECONDS });
  const token = await api.post<{ access_token: string }>('/auth/token', {}, write);
  return {
    tenant,
    write,
    token: token.body.access_token,
    disabled: disabled.key,
    limited: limited.key,
    few: few.key,
    track: (await create(['track'])).key,
    read: (await create(['read'])).key,
    platform: (await create(['platform'])).key,
    nowhere: uuid7(),
  };
}

/** What is said of one request by the one and by the other server. */
const CHANGING: [RegExp, string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>'],
  [/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)/g, '<time>'],
  [/"next_cursor":"[^"]*"/, '"next_cursor":"<cursor>"'],
  [/Try again in \d+ s/g, 'Try again in <n> s'],
  [/^(date|retry-after|(x-)?ratelimit-reset): .*/, '$1: <n>'],
];

const alike = (text: string) => CHANGING.reduce((made, [pattern, name]) => made.replace(pattern, name), text);

/**
 * A refused request whose body has no length keeps its connection only if the body has come by then: so the network says
 * whether the connection is kept, on both ways.
 */
const OF_CONNECTION = /^(connection|keep-alive): /;

function comparable({ status, headers, body }: Exchanged, { chunked }: IngestRequest) {
  const told = chunked ? headers.filter((header) => !OF_CONNECTION.test(header)) : headers;
  return { status, headers: told.map(alike), body: alike(body) };
}

describe('an ingest route', () => {
  let servers: [fast: Server, nest: Server];

  beforeAll(async () => {
    servers = [await startServer(true), await startServer(false)];
  }, 120_000);

  afterAll(async () => {
    for (const server of servers) {
      server.agent.destroy();
      await stop(server);
      await server.database.drop();
    }
  });

  /** Both answer the same request at the same time, after the same requests. */
  async function askBoth(request: IngestRequest, lane: number) {
    const [fast, nest] = await Promise.all(
      servers.map(({ port, agent, credentials }) => {
        const fill = (text: string) => filledIn(text, credentials[lane]!);
        const body = request.body === null ? null : fillBody(request, fill);
        return exchange(port, agent, {
          ...request,
          path: fill(request.path),
          headers: request.headers.map(fill),
          body,
        });
      }),
    );
    return [comparable(fast!, request), comparable(nest!, request)] as const;
  }

  it.each(INGEST_ROUTES.map((route) => [route.name, route] as const))(
    `answers each of ${REQUESTS} requests to %s the same on the fast path and through Nest`,
    async (name, route) => {
      const statuses = new Map<number, number>();
      let hasFailed = false; // then the other lanes end too
      await Promise.all(
        Array.from({ length: LANES }, async (_, lane) => {
          for (const request of requestsOf(route, lane)) {
            if (hasFailed) return;
            try {
              const [fast, nest] = await askBoth(request, lane);
              expect({ request: readable(request), ...fast }).toEqual({ request: readable(request), ...nest });
              statuses.set(fast.status, (statuses.get(fast.status) ?? 0) + 1);
            } catch (error) {
              hasFailed = true;
              throw error;
            }
          }
        }),
      );
      // The requests reach what they are made for.
      expect(statuses.get(name.startsWith('Segment') ? 200 : 202)).toBeGreaterThan(REQUESTS / 8);
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([204, 400, 401, 403, 404, 405, 429]));
    },
    600_000,
  );

  it('has the same calls in the call log on both ways', async () => {
    const logs = [];
    for (const server of servers) {
      const { database } = server;
      await stop(server);
      // Calls of nobody, and of refused keys, may stand for several.
      const rows = await database.query<Record<string, unknown>>(
        `select request_id, method, path, route, status_code, client_id, key_id is null as no_key, user_agent, host(ip::inet) as ip,
                request_bytes, response_bytes, error, calls
         from api_audit_logs where request_id like 'r-%' and client_id is not null and status_code not in (401, 429)
         order by request_id`,
      );
      logs.push(rows.map((row) => alike(JSON.stringify(row))));
    }
    const [fast, nest] = logs;
    expect(fast!.length).toBeGreaterThan((INGEST_ROUTES.length * REQUESTS) / 3);
    expect(fast).toEqual(nest);
  }, 60_000);
});

/** Each has a request id, by which its call is found, and an address that has not failed before. */
function* requestsOf(route: IngestRoute, lane: number): Generator<IngestRequest> {
  const place = INGEST_ROUTES.indexOf(route);
  const values = new RandomValues(mulberry32(1_000 * place + lane));
  for (let n = 0; n < REQUESTS / LANES; n++) {
    const request = ingestRequest(route, values);
    request.headers.push('X-Forwarded-For', `10.${place * LANES + lane}.${n >> 8}.${n & 255}`);
    const hasId = request.headers.some((name, at) => at % 2 === 0 && name === 'X-Request-Id');
    if (!hasId) request.headers.push('X-Request-Id', `r-${place}-${lane}-${n}`);
    yield request;
  }
}

/** A key in an encoded body is not looked for: such bodies go out as they are. */
function fillBody({ body, headers }: IngestRequest, fill: (text: string) => string): Buffer {
  const isEncoded = headers.some((name, n) => n % 2 === 0 && name.toLowerCase() === 'content-encoding');
  const text = body!.toString('latin1');
  return isEncoded || !text.includes('{') ? body! : Buffer.from(fill(text), 'latin1');
}

const readable = ({ body, ...rest }: IngestRequest) => ({ ...rest, body: body?.toString('latin1').slice(0, 400) });
