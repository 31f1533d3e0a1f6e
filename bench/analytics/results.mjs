import { median, round } from '../statistics.mjs';

/** How the ratios of this section read in the table. */
export const ANALYTICS_UNITS = {
  analytics_growth: ['ms', 'ms p50, smallest'],
  rollup_p99: ['ms', 'ms'],
  user_p99: ['ms', 'ms'],
  dashboard_p99: ['ms', 'ms'],
  dashboard_cached_p99: ['ms', 'ms'],
  funnel_30d: ['ms', 'ms'],
  funnel_vs_sql: ['ms', 'ms, plain SQL'],
  journey_vs_sql: ['ms', 'ms, plain SQL'],
  pages_slowest: ['ms', 'ms'],
  ingest_beside: ['ms', 'ms p99, no queries'],
};

/** Of the largest data set; the growth is that of the rollup endpoint that grew most. @param {import('./analytics.mjs').Size[]} sizes */
export function toAnalyticsRatios(sizes) {
  const [smallest, largest] = [sizes[0], sizes.at(-1)];
  const { timings, ingest, pages } = largest;
  const slowest = (names) => Math.max(...names.map((name) => timings[name]?.p99_ms ?? 0));
  const rollups = Object.keys(timings).filter((name) => timings[name].is_rollup);
  const ratios = [];
  const limit = (name, ours, goalMs) => ours > 0 && ratios.push(ratio(name, ours, goalMs, 1));
  if (sizes.length > 1) ratios.push(growth(rollups, smallest, largest));
  limit('rollup_p99', slowest(rollups), 20);
  limit('user_p99', slowest(['user', 'journey']), 50);
  limit('dashboard_p99', slowest(['dashboard']), 200);
  limit('dashboard_cached_p99', slowest(['dashboard_cached']), 10);
  limit('funnel_30d', timings.funnel?.p50_ms ?? 0, 2_000);
  for (const name of ['funnel', 'journey']) {
    if (timings[name] !== undefined)
      ratios.push(ratio(`${name}_vs_sql`, timings[name].p50_ms, timings[name].plain_ms, null));
  }
  limit('pages_slowest', Math.max(0, ...Object.values(pages ?? {}).map(({ slowest_ms }) => slowest_ms)), 200);
  if (ingest !== undefined) ratios.push(ratio('ingest_beside', median(ingest.busy), median(ingest.quiet), 2));
  return ratios;
}

function growth(rollups, smallest, largest) {
  const all = rollups.map((name) => ({ ours: largest.timings[name].p50_ms, reference: smallest.timings[name].p50_ms }));
  const most = all.reduce((worst, one) => (one.ours / one.reference > worst.ours / worst.reference ? one : worst));
  return ratio('analytics_growth', most.ours, most.reference, 1.3);
}

const ratio = (name, ours, reference, goal) => ({
  ...{ name, value: round(ours / reference, 2), goal, higher_is_better: false },
  ...{ ours: round(ours, 1), reference: round(reference, 1) },
});

/** @param {import('./analytics.mjs').Size} size @returns {string[]} */
export function describeAnalytics({ events, timings, missing, pages = {} }) {
  const lines = Object.entries(timings).map(
    ([name, { p50_ms, p99_ms, goal_ms }]) =>
      `  ${name.padEnd(20)} ${p50_ms} / ${p99_ms} ms${goal_ms === null ? '' : `, goal ${goal_ms} ms`}`,
  );
  const absent = missing.length === 0 ? [] : [`  no such route: ${missing.join(', ')}`];
  const ofPages = Object.entries(pages).map(
    ([name, { requests, slowest, slowest_ms }]) =>
      `  page ${name.padEnd(15)} ${requests} requests, the longest ${slowest_ms} ms: ${slowest}`,
  );
  return [`p50 / p99 through HTTP at ${events.toLocaleString('en-US')} events`, ...lines, ...absent, ...ofPages];
}
