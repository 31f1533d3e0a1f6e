import { availableParallelism, loadavg } from 'node:os';

/** Users are promised to wait no longer than this, after whatever was killed. */
const MAX_RECOVERY_S = 10;

/**
 * What a run did that it must not do, as sentences; empty when all is well.
 * @param {import('./scenario.mjs').Result} result
 * @returns {string[]}
 */
export function problemsOf(result) {
  const { recoveries_s, longest_wait_s } = result;
  const count = (number, words) => (number === 0 ? [] : [`${number} ${words}`]);
  const slowest = p99(recoveries_s);
  return [
    ...count(result.lost, 'acknowledged events are lost'),
    ...count(result.duplicated, 'events are stored twice'),
    ...count(result.rollup_difference, 'is the difference between the rollups and a recount'),
    ...count(result.altered, 'events are stored with other content'),
    ...count(result.unsent, 'stored events were never sent'),
    ...count(result.left_queued, 'batches stay queued'),
    ...count(result.ledger_difference, 'rows differ between ledger and events'),
    ...count(result.batch_difference, 'batches do not match their events'),
    ...count(result.unanswered, 'requests were not acknowledged in the end'),
    ...count(result.failed_while_away, `of ${result.attempts_while_away} requests failed while Redis was away`),
    ...(slowest > MAX_RECOVERY_S ? [`recovery took ${slowest} s${machineLoad()}`] : []),
    ...(longest_wait_s > MAX_RECOVERY_S ? [`a batch waited ${longest_wait_s.toFixed(1)} s${machineLoad()}`] : []),
    ...(result.rings ? [] : ['after the kills the queue tells workers nothing: every batch waits for the poller']),
    ...summarize(result.remarks),
  ];
}

/** Times say little on a machine that is busy with other things. */
function machineLoad() {
  const [load] = loadavg();
  const cores = availableParallelism();
  return load > 1.5 * cores ? ` (but ${load.toFixed(1)} processes compete for ${cores} cores)` : '';
}

/** The first few; the rest as a number. */
function summarize(remarks) {
  const shown = remarks.slice(0, 5);
  return remarks.length > shown.length ? [...shown, `and ${remarks.length - shown.length} more like these`] : shown;
}

/** The smallest value that `share` of the values do not exceed; 0 without values. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
}

export const p99 = (values) => quantile(values, 0.99);
