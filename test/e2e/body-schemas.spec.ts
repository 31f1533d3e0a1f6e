import { Agent } from 'node:http';
import { Ajv, type ValidateFunction } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { PLATFORM_KEY } from '../support/api.js';
import { BodyGenerator, type BodySchema, type Schemas } from '../support/body-generator.js';
import { describeApi } from '../support/fixture.js';
import { readDocument } from '../support/openapi-document.js';
import { type RawAnswer, send } from '../support/raw-http.js';

const BODIES = 500;
const AT_ONCE = 16;
const SEED = Number(process.env['TIDEMARK_FUZZ_SEED'] ?? 16);
const ANSWER_WITHIN_MS = 10_000;

interface Document {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: BodySchema }> } }>>;
  components: { schemas: Schemas };
}

interface Route {
  name: string;
  method: string;
  path: string;
  mediaType: string;
  schema: BodySchema;
}

type Body = Record<string, unknown>;

const document = readDocument<Document>();

/** As a client would compile it: formats by ajv-formats, nothing of ours. */
function clientOf(schema: BodySchema): ValidateFunction {
  const ajv = new Ajv({ strict: false });
  for (const name of ['date-time', 'ipv4', 'ipv6', 'uuid'] as const) ajv.addFormat(name, fullFormats[name]);
  ajv.addFormat('password', true);
  return ajv.compile({ ...schema, components: document.components });
}

/** Ids that nothing has: what passes the check of its body stops at 404, which is cheap. */
function pathFor(path: string): string {
  const parts: Record<string, string> = { num_events: '1', event_type: 'bodies' };
  return path.replace(/\{(\w+)\}/g, (_, name: string) => parts[name] ?? uuid7());
}

/** A name that no segment has would be refused wherever it stands, and say nothing of the rest. */
const withoutSegments = (name: string, value: unknown) =>
  name === 'segment' && typeof value === 'string' ? undefined : value;

const routes: Route[] = Object.entries(document.paths)
  .flatMap(([path, item]) =>
    Object.entries(item).flatMap(([verb, { requestBody }]) =>
      Object.entries(requestBody?.content ?? {}).map(([mediaType, { schema }]) => ({
        name: `${verb.toUpperCase()} ${path} ${mediaType === 'application/json' ? '' : mediaType}`.trim(),
        ...{ method: verb.toUpperCase(), path: pathFor(path), mediaType, schema },
      })),
    ),
  )
  // Signing in comes last: keys that are none are failed attempts of this address.
  .sort((a, b) => Number(a.path.endsWith('/session')) - Number(b.path.endsWith('/session')));

const env = { RATE_LIMIT_REQUESTS: '10000000', LOG_LEVEL: 'fatal' };

describeApi(`the schemas of bodies in the OpenAPI document (TIDEMARK_FUZZ_SEED=${SEED})`, { env }, (api) => {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let headers: Record<string, string>;
  let port: number;

  beforeAll(async () => {
    headers = { 'X-API-Key': PLATFORM_KEY, 'X-Tenant-Id': await api.createTenant('Bodies') };
    port = Number(new URL(api.url).port);
  });

  afterAll(() => agent.destroy());

  const ask = ({ method, path, mediaType }: Route, body: unknown) =>
    send(
      port,
      agent,
      { method, path, headers: { ...headers, 'Content-Type': mediaType }, body: Buffer.from(JSON.stringify(body)) },
      ANSWER_WITHIN_MS,
    );

  it.each(routes.map((route): [string, Route] => [route.name, route]))(
    `%s takes of ${BODIES} bodies those that its schema takes`,
    async (_name, route) => {
      const accepts = clientOf(route.schema);
      const generator = new BodyGenerator(document.components.schemas, route.schema, SEED);
      const judged = { taken: 0, refused: 0 };
      const faults: string[] = [];
      let left = BODIES;
      const work = async () => {
        while (left-- > 0) {
          const body = JSON.parse(JSON.stringify(generator.draw()), withoutSegments) as unknown;
          const isTaken = accepts(body);
          const answer = await ask(route, body);
          if (answer.status >= 500) faults.push(`${answer.status} for ${JSON.stringify(body).slice(0, 300)}`);
          const refused = isRefused(answer);
          if (refused !== isTaken) judged[isTaken ? 'taken' : 'refused'] += 1;
          else if (!isApart(route, body)) {
            const said = isTaken ? 'the schema takes, the server refuses' : 'the schema refuses, the server takes';
            faults.push(`${said} ${JSON.stringify(body).slice(0, 400)}: ${answer.status} ${answer.body.slice(0, 300)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      expect(faults.slice(0, 10)).toEqual([]);
      // Else all bodies were of one kind and said nothing about the other.
      expect(Math.min(judged.taken, judged.refused)).toBeGreaterThan(BODIES / 12);
    },
    60_000,
  );

  it('are those of every route that takes a body', () => {
    expect(routes.length).toBeGreaterThanOrEqual(25);
  });

  describe('and the answer to a body that does not fit', () => {
    type Problem = { detail: string; errors: { path: string; message: string }[] };
    const post = async <T = Problem>(path: string, body: unknown) => {
      const route = { name: '', method: 'POST', path: `/api/v1${path}`, mediaType: 'application/json', schema: {} };
      const answer = await ask(route, body);
      return { status: answer.status, ...(JSON.parse(answer.body) as T) };
    };

    it('names every fault of one event at once, those of what its members say among them', async () => {
      const event = { event_id: 7, user_id: '', event_time: '1999-01-01T00:00:00Z', payload: { a: '\0' }, colour: 1 };
      const { status, detail, errors } = await post('/events', event);
      expect(status).toBe(400);
      expect(errors.map(({ path }) => path).sort()).toEqual(
        ['colour', 'event_id', 'event_time', 'event_type', 'payload.a', 'user_id'].sort(),
      );
      expect(detail).toContain('event_type is missing');
      expect(detail).toMatch(/; and 1 more fault\.$/);
    });

    it('names every fault of an audit entry, of a key and of a funnel', async () => {
      const entry = await post('/logs', { action_type: 'READ', resource_type: '', occurred_at: 'now', metadata: [1] });
      expect(entry.errors).toEqual([
        { path: 'resource_id', message: 'is missing' },
        { path: 'action_type', message: 'must be one of CREATE, UPDATE, DELETE, VIEW' },
        { path: 'resource_type', message: 'must be 1 to 255 characters long' },
        { path: 'metadata', message: 'must be a JSON object or null' },
        {
          path: 'occurred_at',
          message: 'must be an RFC 3339 date-time with an offset, like 2026-11-20T08:00:00Z',
        },
      ]);
      const key = await post('/keys', { name: 7, scopes: ['read', 'all'], rate_limit: 1.5, expires_at: '2026-01-01' });
      expect(key.errors.map(({ path }) => path)).toEqual([
        'client_id',
        'name',
        'scopes[1]',
        'rate_limit',
        'expires_at',
      ]);
      const funnel = await post('/analytics/funnel', { steps: [{ event_type: 'a' }, { event: 'b' }], window_s: '1d' });
      expect(funnel.errors).toEqual([
        { path: 'steps[1].event_type', message: 'is missing' },
        { path: 'steps[1].event', message: 'is not a known field' },
        { path: 'window_s', message: 'must be a whole number from 1 to 31622400' },
      ]);
    });

    it('names the faults of each event of a batch with its index', async () => {
      type Batch = { results: { error?: { path: string; errors?: { path: string }[] } }[] };
      const { status, results } = await post<Batch>('/events/batch', {
        events: [{ event_type: 'good' }, { event_type: 7, colour: 1 }, { user_id: 'u' }],
      });
      expect(status).toBe(202);
      expect(results.map(({ error }) => [error?.path, error?.errors?.map(({ path }) => path)])).toEqual([
        [undefined, undefined],
        ['events[1].colour', ['events[1].colour', 'events[1].event_type']],
        ['events[2].event_type', undefined],
      ]);
    });

    it('lists 100 faults and says how many more there are', async () => {
      const many = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`k${n}`, n]));
      const tenant = await post('/tenants', { name: 'x', ...many });
      expect(tenant.errors).toHaveLength(100);
      expect(tenant.detail).toMatch(/; and 245 more faults\.$/);
      const batch = await post('/events/batch', { events: Array.from({ length: 150 }, () => ({})) });
      expect([batch.status, batch.errors.length]).toEqual([400, 100]);
      expect(batch.detail).toContain('there are 50 more');
    });
  });
});

/** 422, 404, 409 and 401 are about what the body says, not about its shape. */
function isRefused({ status, body }: RawAnswer): boolean {
  if (status === 400 || status === 413) return true;
  if (status >= 300) return false;
  const { results, rejected } = body === '' ? {} : (JSON.parse(body) as { results?: Body[]; rejected?: number });
  // One bad part sinks no other, but the whole is not what the schema describes.
  // An id is that of an earlier one with other content.
  return results?.some(({ status: became, id }) => became === 'rejected' && id === undefined) ?? (rejected ?? 0) > 0;
}

const OBJECTS = [
  ...['payload', 'properties', 'traits', 'context', 'metadata', 'additional_data', 'additional_properties'],
];

/** What no schema says: each of these is said in the text of the document. */
const APART: ((body: Body, route: Route) => boolean)[] = [
  // PHP writes an object without members as an array.
  (part) => OBJECTS.some((name) => Array.isArray(part[name]) && part[name].length === 0),
  // No text and no name holds NUL or half of a surrogate pair.
  (body) => /\\u0000|\\ud[89a-f]/.test(JSON.stringify(body)),
  // What is recorded happened after 1999 and no later than a day from now.
  (body) => ['event_time', 'occurred_at', 'event_timestamp', 'time'].some((name) => isNeverRecorded(body[name])),
  // Two names of one field have one value.
  ({ event_id: id, idempotency_key: key }) => isGiven(id) && isGiven(key) && id !== key,
  ({ payload, properties }) => isGiven(payload) && isGiven(properties),
  ({ data, data_base64 }) => data !== undefined && isGiven(data_base64),
  // The names of a CloudEvent's extension attributes, and base64 that is not what its media type says.
  (body, { mediaType }) =>
    mediaType.includes('cloudevents') && Object.keys(body).some((name) => !/^[a-z0-9_]{1,64}$/.test(name)),
  ({ data_base64 }) => isGiven(data_base64),
  // Only events have policies by type.
  ({ kind, event_type: type }) => kind === 'audit' && isGiven(type),
  // A JSON Schema is checked as one.
  ({ schema }) => typeof schema === 'object' && schema !== null,
  // A cursor is what an answer gave.
  ({ cursor }) => typeof cursor === 'string',
  // A key ends in the future; a range ends after it begins.
  ({ expires_at: end }) => timeOf(end) <= Date.now(),
  ({ from, to }) => timeOf(from) >= (isGiven(to) ? timeOf(to) : Date.now()),
  // The names of a funnel's conditions are those of payload properties.
  ({ steps }) =>
    Array.isArray(steps) &&
    steps.some((step) => Object.keys((step as Body | null)?.['where'] ?? {}).some((name) => !/^.{1,255}$/s.test(name))),
  // A time zone is one of those there are; a row has its own members; the groups and buckets of an answer are bounded.
  ({ tz, breakdown, limit, interval }) =>
    (typeof tz === 'string' && tz !== 'UTC') ||
    isGiven(interval) ||
    (isGiven(breakdown) && isGiven(limit)) ||
    (Array.isArray(breakdown) && breakdown.some((name) => ['bucket', 'value'].includes(String(name)))),
  // A filter is checked as one.
  ({ filters, steps }) =>
    isGiven(filters) || (Array.isArray(steps) && steps.some((step) => isGiven((step as Body | null)?.['filters']))),
];

const isGiven = (value: unknown) => value !== undefined && value !== null;

const timeOf = (value: unknown) => (typeof value === 'string' ? Date.parse(value.toUpperCase()) : NaN);

function isNeverRecorded(value: unknown): boolean {
  const time = timeOf(value);
  return time < Date.UTC(2000, 0, 1) || time > Date.now() + 86_400_000;
}

/** Whether a rule of its own holds for the body, or for a part of one that has many. */
function isApart(route: Route, body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const whole = body as Body;
  const parts = [whole, ...[whole['events'], whole['logs'], whole['batch'], body].flatMap((list) => list)];
  return parts.some(
    (part) => typeof part === 'object' && part !== null && APART.some((rule) => rule(part as Body, route)),
  );
}
