import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../src/platform/config/config.js';
import { OtlpTracer } from '../../src/platform/tracing/otlp-tracer.js';
import { PLATFORM_KEY, TestApi } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { TestCollector, type TestSpan } from '../support/collector.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { testRedisUrl } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

const CANARY = 'canary-51f7';
const ERROR = 2;
const WITHIN_MS = 20_000;

/** What a client that is traced sends along. */
function caller(flags = '01') {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` };
}

for (const [backend, redisUrl] of [
  ['postgres', undefined],
  ['redis', testRedisUrl],
] as const) {
  const needs = backend === 'redis' ? backend : undefined;
  describeDatabase(`traces by way of the ${backend} queue`, { needs }, (database) => {
    let collector: TestCollector;
    let api: TestApi;
    let worker: TestWorker;

    beforeAll(async () => {
      collector = await TestCollector.start();
      const env = {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of%20the%20collector',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=the%20test',
        REDIS_URL: redisUrl,
      };
      [api, worker] = await Promise.all([TestApi.start(database.url, env), TestWorker.start(database.url, env)]);
    }, 90_000);

    afterAll(async () => {
      await worker.stop();
      await api.stop();
      await collector.stop();
    });

    const send = (traceparent: string, path: string, body: unknown, key?: string) =>
      api.call('POST', path, { body, headers: { traceparent }, ...(key === undefined ? {} : { key }) });
    const names = (traceId: string) => collector.of(traceId).map(({ name }) => name);
    const whole = async (traceId: string): Promise<TestSpan[]> => {
      const all = [expect.stringMatching(/^POST /) as string, 'commit events', 'send events', 'process events'];
      // A slow queue ends the sending after the processing.
      await eventually(() => expect(names(traceId)).toEqual(expect.arrayContaining(all)), WITHIN_MS);
      return collector.of(traceId);
    };

    it('lead from the caller through request, commit and queue to the count in a worker', async () => {
      const { traceId, spanId, traceparent } = caller();
      expect((await send(traceparent, '/events/batch', { events: [{ event_type: 'a' }] })).status).toBe(202);
      const spans = await whole(traceId);
      const chain: TestSpan[] = [];
      for (let next = spanId; ; next = chain.at(-1)!.spanId) {
        const child = spans.find(({ parentSpanId }) => parentSpanId === next);
        if (child === undefined) break;
        chain.push(child);
      }
      expect(chain.map(({ service, name, kind }) => [service, name, kind])).toEqual([
        ['tidemark-api', 'POST /api/v1/events/batch', 2],
        ['tidemark-api', 'commit events', 1],
        ['tidemark-api', 'send events', 4],
        ['tidemark-worker', 'process events', 5],
      ]);
      expect(chain).toHaveLength(spans.length);
      expect(chain[0]!.attributes).toEqual({
        ...{ 'http.request.method': 'POST', 'http.route': '/api/v1/events/batch', 'http.response.status_code': 202 },
      });
      expect(collector.requests[0]).toEqual({ url: '/v1/traces', authorization: 'Bearer of the collector' });
    });

    it('are one for each request, also of such as share a commit and a job', async () => {
      const callers = Array.from({ length: 8 }, () => caller());
      const ingest = ({ traceparent }: { traceparent: string }) =>
        send(traceparent, '/events/ingest', { event_type: 'b' });
      await Promise.all(callers.map(ingest));
      for (const { traceId } of callers) {
        await whole(traceId);
        expect(names(traceId).sort()).toEqual([
          ...['POST /api/v1/events/ingest', 'commit events', 'process events', 'send events'],
        ]);
      }
    });

    it('begin here when the caller has none or sends nonsense, and are left out when it does not sample', async () => {
      const begun = () => collector.spans.filter(({ name }) => name === 'GET /api/v1/auth/info');
      const quiet = caller('00');
      for (const traceparent of [
        quiet.traceparent,
        '',
        `00-${'0'.repeat(32)}-${quiet.spanId}-01`,
        `ff-${quiet.traceId}-${quiet.spanId}-01`,
        `00-${quiet.traceId}-${quiet.spanId}-01-more`,
        `00-${CANARY}`,
      ]) {
        expect((await api.call('GET', '/auth/info', { headers: { traceparent } })).status).toBe(200);
      }
      await eventually(() => expect(begun()).toHaveLength(5), WITHIN_MS);
      expect(new Set(begun().map(({ traceId }) => traceId)).size).toBe(5);
      expect(begun().filter(({ parentSpanId }) => parentSpanId !== undefined)).toEqual([]);
      expect(collector.of(quiet.traceId)).toEqual([]);
    });

    it('have an error where a request or a commit failed, and nothing of health checks', async () => {
      await database.query('alter table events rename to events_away');
      const failed = caller();
      const wrong = caller();
      try {
        expect((await send(failed.traceparent, '/events', { event_type: 'd' })).status).toBe(500);
        expect((await send(wrong.traceparent, '/events', {})).status).toBe(400);
        await api.call('GET', '/health/live', { headers: { traceparent: failed.traceparent } });
      } finally {
        await database.query('alter table events_away rename to events');
      }
      await eventually(() => {
        const told = (traceId: string) =>
          collector.of(traceId).map(({ name, status }) => `${name} ${status === ERROR ? 'failed' : 'ok'}`);
        expect(told(failed.traceId).sort()).toEqual(['POST /api/v1/events failed', 'commit events failed']);
        expect(told(wrong.traceId)).toEqual(['POST /api/v1/events ok']);
      }, WITHIN_MS);
    });

    it('tell nothing of a tenant and nothing that a client sent', async () => {
      const tenant = await api.createTenant(CANARY);
      const key = await api.createKey(tenant, ['admin'], CANARY);
      const { traceId, traceparent } = caller();
      const event = { event_type: CANARY, user_id: CANARY, payload: { [CANARY]: CANARY } };
      await send(traceparent, `/events?api_key=${CANARY}`, event, key);
      const headers = {
        traceparent,
        'X-Request-Id': CANARY,
        'Idempotency-Key': CANARY,
        Referer: `https://${CANARY}.example`,
      };
      for (const body of [{ events: [{ ...event, event_type: { [CANARY]: CANARY } }] }, `{"${CANARY}`]) {
        await api.call('POST', '/events/batch', { key, headers, body });
      }
      await api.call('GET', `/users/${CANARY}/journey`, { key, headers: { traceparent, 'User-Agent': CANARY } });
      await api.call('GET', `/nothing/${CANARY}`, { key, headers: { traceparent, tracestate: `a=${CANARY}` } });
      await whole(traceId);
      await eventually(() => expect(collector.of(traceId).length).toBeGreaterThanOrEqual(6), WITHIN_MS);
      const text = collector.received.join('\n');
      for (const secret of [CANARY, tenant, key, 'SELECT', 'select ']) expect(text).not.toContain(secret);
    });
  });
}

describeDatabase('a process without a collector', {}, (database) => {
  const counted = (events: number) =>
    eventually(async () => {
      const [sum] = await database.query<{ events: number }>(
        'select coalesce(sum(count), 0)::int as events from event_totals_day',
      );
      expect(sum!.events).toBe(events);
    }, WITHIN_MS);

  it('loads no code of OpenTelemetry but what the metrics need', () => {
    const script = `
      const { createRequire } = await import('node:module');
      const { Tracing } = await import('./dist/platform/tracing/tracing.js');
      await import('./dist/worker.module.js');
      await import('./dist/api.module.js');
      const loaded = () => Object.keys(createRequire(process.cwd() + '/').cache).filter((path) => /opentelemetry.(sdk|otlp|exporter)/.test(path)).length;
      const start = async (OTEL_EXPORTER_OTLP_ENDPOINT) => {
        await Tracing.start({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER: 'always_on' }, 'tidemark-api');
        return loaded() > 0;
      };
      console.log(JSON.stringify([await start(), await start('http://127.0.0.1:9')]));`;
    const words = ['--import', 'reflect-metadata', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, words, { encoding: 'utf8' }).trim()).toBe('[false,true]');
  });

  it('answers, counts and ends as ever while its collector hangs or is away, and sends when it answers', async () => {
    const collector = await TestCollector.start();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_LEVEL: 'silent' };
    const [api, worker] = await Promise.all([
      TestApiProcess.start(database.url, env),
      TestWorker.start(database.url, env),
    ]);
    collector.isHanging = true;
    const headers = { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' };
    const ingest = async () => {
      const answer = await fetch(api.url('/events/ingest'), { method: 'POST', headers, body: '{"event_type":"x"}' });
      await answer.arrayBuffer();
      return answer.status;
    };
    expect(await ingest()).toBe(202);
    await eventually(() => expect(collector.waiting).toBeGreaterThan(0), WITHIN_MS);
    expect(new Set(await Promise.all(Array.from({ length: 200 }, ingest)))).toEqual(new Set([202]));
    await counted(201);
    expect(collector.spans).toEqual([]); // all that was while it hung
    collector.wakeUp();
    await eventually(
      () => expect(collector.spans.filter(({ name }) => name.startsWith('POST'))).toHaveLength(201),
      WITHIN_MS,
    );
    await collector.stop();
    expect(await ingest()).toBe(202);
    await counted(202);
    expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  }, 90_000);

  it.each([
    [{ OTEL_TRACES_SAMPLER_ARG: '0' }, [false, true]],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, [false, true]],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, [false, false]],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, [false, false]],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on', OTEL_TRACES_SAMPLER_ARG: '0' }, [true, true]],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, [true, true]],
  ])('samples with %j as OpenTelemetry says', async (sampling, [own, callers]) => {
    const tracer = new OtlpTracer(
      loadConfig({ DATABASE_URL: database.url, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', ...sampling }),
      'tidemark-api',
    );
    const isSampled = (traceparent?: string) =>
      tracer.start({ name: 'x', kind: 'internal' }, traceparent).traceparent !== undefined;
    expect([isSampled(), isSampled(caller().traceparent)]).toEqual([own, callers]);
    await tracer.stop();
  });
});
