import { Sampler } from '../../src/analytics/sampling/sampler.js';
import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { describeApi } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

const SEED = Number(process.env['SAMPLING_SEED'] ?? 300);
const SETS = 12;
const EVENTS = 2_000;
const DAY_MS = 86_400_000;
const FROM = Date.parse('2026-11-02T00:00:00Z');
const RANGE = { from: new Date(FROM).toISOString(), to: new Date(FROM + 4 * DAY_MS).toISOString() };
const FILTERS = { property: 'payload.price', op: 'gte', value: 20 };

type Json = Record<string, unknown>;

interface Estimated {
  standard_error?: number | null;
}

/** What an answer counts: a name for it, the count and its standard error. */
type Counted = [name: string, count: number, error: number | null | undefined];

interface Step extends Estimated {
  users: number;
}

/** Each with how it is asked, what it counts, and which of these make up which. */
interface Question {
  method: 'GET' | 'POST';
  path: string;
  body?: Json;
  count: (answer: never) => Counted[];
  sums?: (answer: never) => [whole: number, parts: number[]];
}

const QUESTIONS: Record<string, Question> = {
  breakdown: {
    ...{ method: 'GET', path: '/analytics/breakdown?property=payload.plan' },
    count: ({
      total,
      standard_error,
      data,
    }: { total: number; data: ({ value: string; count: number } & Estimated)[] } & Estimated) => [
      ['total', total, standard_error],
      ...data.map(({ value, count, standard_error }): Counted => [value, count, standard_error]),
    ],
    sums: ({ total, data }: { total: number; data: { count: number }[] }) => [total, data.map(({ count }) => count)],
  },
  'breakdown with a filter': {
    ...{
      method: 'GET',
      path: `/analytics/breakdown?property=event_type&filters=${encodeURIComponent(JSON.stringify(FILTERS))}`,
    },
    count: ({ data }: { data: ({ value: string; count: number } & Estimated)[] }) =>
      data.map(({ value, count, standard_error }): Counted => [value, count, standard_error]),
  },
  ...Object.fromEntries(
    ['events', 'users', 'sessions'].flatMap((measure) =>
      [undefined, 'day'].map((interval): [string, Question] => [
        `${measure} by plan${interval === undefined ? '' : ' and day'}`,
        {
          ...{ method: 'POST', path: '/analytics/query' },
          body: {
            measure,
            breakdown: ['payload.plan'],
            filters: FILTERS,
            ...(interval === undefined ? {} : { interval }),
          },
          count: ({ data }: { data: ({ 'payload.plan': string; bucket?: string; value: number } & Estimated)[] }) =>
            data.map((row): Counted => [`${row['payload.plan']} ${row.bucket}`, row.value, row.standard_error]),
        },
      ]),
    ),
  ),
  funnel: {
    ...{ method: 'POST', path: '/analytics/funnel' },
    body: { steps: [{ event_type: 'view' }, { event_type: 'buy', filters: FILTERS }], group_by: 'payload.plan' },
    count: ({ steps, groups }: { steps: Step[]; groups: { value: string; steps: Step[] }[] }) =>
      [{ value: 'all', steps }, ...groups].flatMap(({ value, steps: ofGroup }) =>
        ofGroup.map(({ users, standard_error }, n): Counted => [`${value} ${n}`, users, standard_error]),
      ),
    sums: ({ steps, groups }: { steps: Step[]; groups: { steps: Step[] }[] }) => [
      steps[0]!.users,
      groups.map((group) => group.steps[0]!.users),
    ],
  },
  retention: {
    ...{ method: 'GET', path: `/analytics/retention?filters=${encodeURIComponent(JSON.stringify(FILTERS))}` },
    count: ({ data }: { data: { cohort: string; periods: ({ period: number } & Step)[] }[] }) =>
      data.flatMap(({ cohort, periods }) =>
        periods.map(({ period, users, standard_error }): Counted => [`${cohort} ${period}`, users, standard_error]),
      ),
  },
  overview: {
    ...{ method: 'GET', path: `/analytics?filters=${encodeURIComponent(JSON.stringify(FILTERS))}` },
    count: ({ summary, by_type, trend }: Overview) => [
      ['events', summary.total_events, summary.total_events_standard_error],
      ['users', summary.unique_users, summary.unique_users_standard_error],
      ...by_type.map((row): Counted => [row.event_type, row.count, row.standard_error]),
      ...trend.map((row): Counted => [row.bucket, row.count, row.standard_error]),
    ],
    sums: ({ summary, by_type }: Overview) => [summary.total_events, by_type.map(({ count }) => count)],
  },
};

interface Overview {
  summary: {
    total_events: number;
    total_events_standard_error?: number | null;
    unique_users: number;
    unique_users_standard_error?: number | null;
  };
  by_type: ({ event_type: string; count: number } & Estimated)[];
  trend: ({ bucket: string; count: number } & Estimated)[];
}

/** Users with few events and with many, and events of nobody. */
function draw(seed: number, tenantId: string) {
  const random = mulberry32(seed);
  const int = (max: number) => Math.floor(random() * max);
  const users = 300 + int(400);
  return Array.from({ length: EVENTS }, (_, n) => {
    const user = Math.floor(users * random() ** 1.5);
    const isOfNobody = int(12) === 0;
    return event(
      {
        ...{ event_id: `e-${n}`, event_type: ['view', 'view', 'buy', 'search'][int(4)]! },
        event_time: new Date(FROM + int(4 * DAY_MS)).toISOString(),
        ...(isOfNobody ? {} : { user_id: `user-${seed}-${user}`, session_id: `s-${seed}-${user}-${int(2)}` }),
        payload: { plan: ['free', 'pro', 'team'][user % 3]!, price: int(100) },
      },
      tenantId,
      'shop',
    );
  });
}

describeApi(
  `answers from a sample (SAMPLING_SEED=${SEED})`,
  { env: { RATE_LIMIT_REQUESTS: '1000000', ANALYTICS_CACHE_TTL_SECONDS: '0' } },
  (api, { database }) => {
    const keys: string[] = [];

    beforeAll(async () => {
      const pipeline = new TestPipeline(database.url);
      for (let set = 0; set < SETS; set++) {
        const tenantId = await api.createTenant(`Set ${set}`);
        await pipeline.writer.write(tenantId, draw(SEED + set, tenantId));
        keys.push(await api.createKey(tenantId, ['read']));
      }
      await pipeline.processing.process(pipeline.notified);
      await pipeline.stop();
    }, 90_000);

    async function ask({ method, path, body }: Question, key: string, sampling?: string): Promise<Json> {
      const asked = { ...RANGE, ...(sampling === undefined ? {} : { sampling }) };
      const query = new URLSearchParams(asked).toString();
      const answer = await api.call(
        method,
        method === 'GET' ? `${path}${path.includes('?') ? '&' : '?'}${query}` : path,
        {
          key,
          ...(method === 'GET' ? {} : { body: { ...body, ...asked } }),
        },
      );
      expect([answer.status, answer.body['detail']]).toEqual([200, undefined]);
      const { as_of: _later, ...rest } = answer.body;
      return rest;
    }

    it.each(Object.entries(QUESTIONS))(
      'are within 4 standard errors of the exact ones: %s',
      async (_name, question) => {
        const scores: number[] = [];
        for (const key of keys) {
          const exact = await ask(question, key, 'never');
          expect(JSON.stringify(exact)).not.toMatch(/standard_error|"sample"/);
          const truth = new Map(question.count(exact as never).map(([name, count]) => [name, count]));
          for (const oneIn of [2, 4]) {
            const sampled = await ask(question, key, `1/${oneIn}`);
            expect(sampled['sample']).toEqual({
              method: expect.any(String) as string,
              rate: 1 / oneIn,
              reason: 'asked',
            });
            expect(await ask(question, key, `1/${oneIn}`)).toEqual(sampled);
            for (const [name, count, error] of question.count(sampled as never)) {
              expect([name, count % oneIn, error === undefined]).toEqual([name, 0, false]);
              if (error === null || error === undefined) continue;
              expect({ name, off: Math.abs(count - (truth.get(name) ?? 0)) / error > 4 }).toEqual({ name, off: false });
              scores.push((count - (truth.get(name) ?? 0)) / error);
            }
            const [whole, parts] = question.sums?.(sampled as never) ?? [0, []];
            expect(parts.reduce((sum, part) => sum + part, 0)).toBe(whole);
          }
        }
        // Else the standard errors are larger, or smaller, than what they are to say.
        const spread = Math.sqrt(scores.reduce((sum, score) => sum + score ** 2, 0) / scores.length);
        const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
        expect(scores.length).toBeGreaterThan(SETS);
        expect(Math.abs(mean)).toBeLessThan(0.5);
        expect(spread).toBeGreaterThan(0.6);
        expect(spread).toBeLessThan(1.4);
      },
      60_000,
    );

    it('are given when all events take too long, of the largest sample that does not, and say so', async () => {
      const sampler = api.app.get(Sampler, { strict: false });
      const { exactMs, sampledEvents } = sampler;
      Object.assign(sampler, { exactMs: 1, sampledEvents: EVENTS / 4 });
      try {
        for (const [name, question] of Object.entries(QUESTIONS)) {
          const { sample, ...found } = await ask(question, keys[0]!);
          expect({ name, sample }).toEqual({
            name,
            sample: { method: expect.any(String) as string, rate: 0.25, reason: 'time_limit' },
          });
          const { sample: asked, ...same } = await ask(question, keys[0]!, '1/4');
          expect([name, found, asked]).toEqual([name, same, { ...(sample as Json), reason: 'asked' }]);
          expect(await ask(question, keys[0]!, 'never')).not.toHaveProperty('sample');
        }
      } finally {
        Object.assign(sampler, { exactMs, sampledEvents });
      }
      for (const question of Object.values(QUESTIONS))
        expect(await ask(question, keys[0]!)).not.toHaveProperty('sample');
    }, 60_000);

    it('are of the same users, whatever is asked and at whatever rate', async () => {
      const key = keys[1]!;
      const users = async (sampling: string) => {
        const body = { ...RANGE, sampling, measure: 'users', breakdown: ['user_id'], limit: 1_000 };
        const { data } = (await api.post<{ data: { user_id: string }[] }>('/analytics/query', body, key)).body;
        return new Set(data.map((row) => row.user_id));
      };
      const [half, quarter] = [await users('1/2'), await users('1/4')];
      expect([...quarter].filter((user) => !half.has(user))).toEqual([]);
      expect(quarter.size).toBeLessThan(half.size);
      const step = { event_type: 'view', filters: { property: 'user_id', op: 'in', value: [...quarter].slice(0, 50) } };
      const funnel = { ...RANGE, sampling: '1/4', steps: [step] };
      const exact = { ...funnel, sampling: 'never' };
      type Answer = { steps: { users: number }[] };
      const [scaled, all] = await Promise.all(
        [funnel, exact].map((body) => api.post<Answer>('/analytics/funnel', body, key)),
      );
      expect(scaled!.body.steps[0]!.users).toBe(4 * all!.body.steps[0]!.users);
    });

    it('are asked for by a rate that there is', async () => {
      const { status, body } = await api.get('/analytics/breakdown?property=plan&sampling=1/3', keys[0]);
      expect([status, body['detail']]).toEqual([
        400,
        expect.stringContaining('sampling must be one of auto, never, 1/2, 1/4'),
      ]);
    });
  },
);
