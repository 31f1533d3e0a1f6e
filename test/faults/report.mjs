import { p99, problemsOf, quantile } from './verdict.mjs';

/** @typedef {import('./scenario.mjs').Result} Result */

const SUMMED = ['kills', 'sent', 'acked', 'stored', 'lost', 'duplicated', 'rollup_difference'];
const COLUMNS = ['target', 'queue', ...SUMMED, 'recovery p99', 'verdict'];

/** @param {number} seed @param {Result[]} results @param {{target: string, backend: string, reason: string}[]} skipped */
export function toJson(seed, results, skipped) {
  const targets = {};
  for (const name of new Set(results.map((result) => result.target))) {
    const own = results.filter((result) => result.target === name);
    targets[name] = {
      ...total(own),
      backends: Object.fromEntries(own.map((result) => [result.backend, detail(result)])),
    };
  }
  for (const { target, backend, reason } of skipped) {
    if (targets[target] !== undefined) targets[target].backends[backend] = { skipped: reason };
  }
  return { seed, totals: total(results), targets };
}

function total(results) {
  const sums = SUMMED.map((field) => [field, results.reduce((sum, result) => sum + result[field], 0)]);
  return { ...Object.fromEntries(sums), recovery_p99_s: p99(results.flatMap((result) => result.recoveries_s)) };
}

function detail({ target, backend, seed, keep, remarks, recoveries_s, ...facts }) {
  const result = { target, backend, remarks, recoveries_s, ...facts };
  const recovery = { recovery_p50_s: quantile(recoveries_s, 0.5), recovery_p99_s: p99(recoveries_s) };
  return { ...facts, ...recovery, problems: problemsOf(result) };
}

/** @param {Result[]} results */
export function toTable(results) {
  const rows = results.map((result) => [
    ...[result.target, result.backend, ...SUMMED.map((field) => result[field])],
    ...[seconds(p99(result.recoveries_s)), problemsOf(result).length === 0 ? 'ok' : 'FAILED'],
  ]);
  if (results.length > 1) {
    const all = total(results);
    rows.push(['total', '', ...SUMMED.map((field) => all[field]), seconds(all.recovery_p99_s), '']);
  }
  return alignColumns([COLUMNS, ...rows]);
}

/** What is wrong with a result and what its processes complained about, a line each. @param {Result} result */
export function toRemarks(result) {
  const name = `${result.target} on ${result.backend}`;
  return [
    ...problemsOf(result).map((problem) => `${name}: ${problem}`),
    ...result.log_errors.map(({ message, count }) => `${name}: logged ${count} times: ${message}`),
  ];
}

const seconds = (value) => `${value.toFixed(1)} s`;

function alignColumns(rows) {
  const texts = rows.map((row) => row.map(String));
  const widths = texts[0].map((_, column) => Math.max(...texts.map((row) => row[column].length)));
  const align = (text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return texts.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}
