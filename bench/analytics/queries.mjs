import { DAY_MS } from '../dataset/shop.mjs';

const iso = (ms) => encodeURIComponent(new Date(ms).toISOString());
const FUNNEL = ['product_view', 'add_to_cart', 'purchase_completed'];
const WINDOW_S = 86_400;

/**
 * What is asked of each data set. `goalMs` is for p99; `isRollup` says that the time must not grow with the events.
 *
 * @typedef {object} Query
 * @property {string} name
 * @property {(n: number) => {path: string, body?: object}} ask another one for each n, so that no cache answers
 * @property {number | null} goalMs
 * @property {boolean} [isRollup]
 * @property {number} [runs]
 * @property {{sql: string, values: unknown[]}} [plain] the same, written by hand on the same tables
 *
 * @param {import('../dataset/dataset.mjs').Dataset & {users: string[], busiest: string[]}} dataset
 * @returns {Query[]}
 */
export function makeQueries({ tenantId, to, users, busiest }) {
  // Ranges begin and end at another second of another minute each time: the edges are asked too, of any length.
  const range = (n, days) =>
    `from=${iso(to - n * 61_000 - days * DAY_MS - 17_000)}&to=${iso(to - n * 61_000 - 31_000)}`;
  const span = [new Date(to - 30 * DAY_MS).toISOString(), new Date(to).toISOString()];
  const overview = (of) => (n) => ({ path: `/analytics?user_id=${of[n % of.length]}&${range(n, 30)}` });
  const journey = (of) => (n) => ({ path: `/analytics/users/${of[n % of.length]}/journey?${range(n, 30)}` });
  const get = (name, path, days, more = '') => ({
    ask: (n) => ({ path: `/analytics/${path}?${range(n, days)}${more}` }),
    name,
  });
  return [
    { ...get('events_by_type', 'events-by-type', 7), isRollup: true, goalMs: 20 },
    { ...get('events_by_type_30d', 'events-by-type', 30), isRollup: true, goalMs: 20 },
    { ...get('client_and_type', 'group-by-client-and-type', 30), isRollup: true, goalMs: 20 },
    { ...get('series_hour', 'timeseries', 7, '&interval=hour'), isRollup: true, goalMs: 20 },
    { ...get('series_day_by_type', 'timeseries', 30, '&interval=day&group_by=event_type'), isRollup: true, goalMs: 20 },
    { ...get('processing', 'processing-metrics', 7), isRollup: true, goalMs: 20 },
    { ...get('breakdown', 'breakdown', 7, '&property=category&event_type=purchase_completed'), goalMs: null, runs: 10 },
    { ...get('retention', 'retention', 14), goalMs: null, runs: 5 },
    { ...get('dashboard', '', 7), goalMs: 200, runs: 100 },
    {
      name: 'dashboard_cached',
      ask: () => ({ path: `/analytics?from=${iso(to - 8 * DAY_MS)}&to=${iso(to)}` }),
      goalMs: 10,
    },
    { name: 'user', ask: overview(users), goalMs: 50 },
    { name: 'journey', ask: journey(users), goalMs: 50, plain: plainJourney(tenantId, users[0], span) },
    { name: 'user_busiest', ask: overview(busiest), goalMs: null, runs: 40 },
    { name: 'journey_busiest', ask: journey(busiest), goalMs: null, runs: 40 },
    {
      name: 'funnel',
      ask: (n) => ({ path: '/analytics/funnel', body: funnel(n, to) }),
      goalMs: 2_000,
      runs: 5,
      plain: { sql: PLAIN_FUNNEL, values: [tenantId, ...FUNNEL, WINDOW_S, ...span] },
    },
  ];
}

function funnel(n, to) {
  const [from, end] = [30 * DAY_MS, 0].map((ago) => new Date(to - ago - n * 60_000).toISOString());
  return { steps: FUNNEL.map((event_type) => ({ event_type })), window_s: WINDOW_S, from, to: end };
}

/** What an analyst would write for three steps: the first time of each, in order. Cheaper than what ours answers. */
const PLAIN_FUNNEL = `
with first as (
  select user_id, event_time as at from events
  where tenant_id = $1 and event_type = $2 and event_time >= $6 and event_time < $7 and user_id is not null
), second as (
  select f.user_id, f.at, min(e.event_time) as then from first f
  join events e on e.tenant_id = $1 and e.event_type = $3 and e.user_id = f.user_id
   and e.event_time > f.at and e.event_time <= f.at + make_interval(secs => $5) and e.event_time < $7
   and e.event_time >= $6
  group by 1, 2
), third as (
  select distinct s.user_id from second s
  join events e on e.tenant_id = $1 and e.event_type = $4 and e.user_id = s.user_id
   and e.event_time > s.then and e.event_time <= s.at + make_interval(secs => $5) and e.event_time < $7
   and e.event_time >= $6
)
select (select count(distinct user_id) from first)::int as first, (select count(distinct user_id) from second)::int as second,
       (select count(*) from third)::int as third`;

const plainJourney = (tenantId, user, span) => ({
  sql: `select event_type, event_time, session_id, payload from events
        where tenant_id = $1 and user_id = $2 and event_time >= $3 and event_time < $4 order by event_time limit 1000`,
  values: [tenantId, user, ...span],
});
