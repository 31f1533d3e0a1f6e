import { DAY_MS } from '../dataset/shop.mjs';

const iso = (ms) => new Date(ms).toISOString();
const FUNNEL = ['product_view', 'add_to_cart', 'purchase_completed'];
const WINDOW_S = 86_400;
const EXACT = 'sampling=never';
const FILTER = { property: 'payload.category', op: 'is_set' };

/**
 * What reads the events themselves, and what PostgreSQL is asked also where there is ClickHouse. Each for another range
 * each time, so that no cache answers, and from all events, however long it takes.
 *
 * @param {import('../dataset/dataset.mjs').Dataset & {users: string[], busiest: string[]}} dataset
 * @returns {{name: string, goalMs: number | null, engine: string, ask: (n: number) => {path: string, body?: object}}[]}
 */
export function makeEventQueries({ to, users, busiest }) {
  const span = (n, days) => ({
    from: iso(to - days * DAY_MS - n * 61_000 - 17_000),
    to: iso(to - n * 61_000 - 31_000),
  });
  const range = (n, days) => {
    const { from, to: end } = span(n, days);
    return `from=${from}&to=${end}`;
  };
  const filters = encodeURIComponent(JSON.stringify(FILTER));
  const get = (name, goalMs, path, engine = 'clickhouse') => ({
    name,
    goalMs,
    engine,
    ask: (n) => ({ path: path(n) }),
  });
  const post = (name, goalMs, path, body) => ({
    ...{ name, goalMs, engine: 'clickhouse', ask: (n) => ({ path, body: body(n) }) },
  });
  const steps = (more) => FUNNEL.map((event_type) => ({ event_type, ...more }));
  return [
    get('breakdown', 1_000, (n) => `/analytics/breakdown?property=payload.category&${EXACT}&${range(n, 30)}`),
    post('funnel', 500, '/analytics/funnel', (n) => ({
      steps: steps({}),
      window_s: WINDOW_S,
      sampling: 'never',
      ...span(n, 30),
    })),
    post('filtered_funnel', null, '/analytics/funnel', (n) => ({
      ...{ steps: steps({ filters: FILTER }), window_s: WINDOW_S, sampling: 'never', ...span(n, 30) },
    })),
    get('retention', null, (n) => `/analytics/retention?${range(n, 14)}`, 'postgresql'),
    get('filtered_retention', null, (n) => `/analytics/retention?filters=${filters}&${EXACT}&${range(n, 14)}`),
    get('filtered_dashboard', null, (n) => `/analytics?filters=${filters}&${EXACT}&${range(n, 30)}`),
    post('users_by_category_and_day', null, '/analytics/query', (n) => ({
      ...{ measure: 'users', breakdown: ['payload.category'], interval: 'day', sampling: 'never', ...span(n, 30) },
    })),
    get('journey', 50, (n) => `/analytics/users/${users[n % users.length]}/journey?${range(n, 30)}`, 'postgresql'),
    get(
      'journey_busiest',
      null,
      (n) => `/analytics/users/${busiest[n % busiest.length]}/journey?${range(n, 30)}`,
      'postgresql',
    ),
  ];
}
