import { round } from '../statistics.mjs';

/** How the ratios of this section read in the table. */
export const CLICKHOUSE_UNITS = Object.fromEntries(
  ['breakdown', 'funnel', 'filtered_funnel', 'retention', 'filtered_retention', 'filtered_dashboard']
    .concat('users_by_category_and_day', 'journey', 'journey_busiest')
    .flatMap((name) => [
      [`clickhouse_${name}`, ['ms', 'ms, PostgreSQL']],
      [`clickhouse_${name}_goal`, ['ms', 'ms']],
    ])
    .concat([['clickhouse_fed_ingest_p99', ['ms', 'ms, not fed']]]),
);

/** Of the largest data set: next to PostgreSQL where that answered in time, and next to the goals. */
export function toClickHouseRatios(/** @type {import('./clickhouse.mjs').Figures[]} */ sizes) {
  const { timings, ingest } = sizes.at(-1);
  const ratios = Object.entries(timings).flatMap(([name, { clickhouse_ms, postgresql_ms, goal_ms }]) => [
    ...(postgresql_ms === null ? [] : [ratio(`clickhouse_${name}`, clickhouse_ms, postgresql_ms, null)]),
    ...(goal_ms === null ? [] : [ratio(`clickhouse_${name}_goal`, clickhouse_ms, goal_ms, 1)]),
  ]);
  return [...ratios, ratio('clickhouse_fed_ingest_p99', ingest.on_ms, ingest.off_ms, 1.1)];
}

const ratio = (name, ours, reference, goal) => ({
  ...{ name, value: round(ours / reference, 2), goal, higher_is_better: false, ours, reference },
});

/** @param {import('./clickhouse.mjs').Figures} figures @returns {string[]} */
export function describeClickHouse({ events, timings, backfill, bytes_per_event: bytes, ingest }) {
  const lines = Object.entries(timings).map(([name, { clickhouse_ms, postgresql_ms }]) => {
    const beside =
      postgresql_ms === null
        ? 'stopped after 10 s without it'
        : `${postgresql_ms} ms without it, ${round(postgresql_ms / clickhouse_ms, 1)} times as long`;
    return `  ${name.padEnd(26)} ${clickhouse_ms} ms; ${beside}`;
  });
  const cpu = Object.entries(backfill.cpu_us).map(([name, us]) => `${name} ${us}`);
  return [
    `An API with ClickHouse at ${events.toLocaleString('en-US')} events, medians`,
    ...lines,
    `  backfill ${backfill.per_second.toLocaleString('en-US')} events/s, CPU per event: ${cpu.join(', ')} µs`,
    `  bytes per event: ClickHouse ${bytes.clickhouse}, PostgreSQL with its indexes ${bytes.postgresql}`,
    `  p99 of ingest by round, ms: not fed ${ingest.rounds.off.join(' ')}; fed ${ingest.rounds.on.join(' ')}`,
  ];
}
