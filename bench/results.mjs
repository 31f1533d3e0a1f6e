import { median, round } from './statistics.mjs';

/** Events per second that one small machine must take in batches. */
const SEED_HEADLINE = 1_000;

/**
 * @typedef {object} Ratio
 * @property {string} name
 * @property {number} value ours ÷ reference
 * @property {number | null} goal
 * @property {boolean} higher_is_better
 * @property {number} ours
 * @property {number} reference
 */

/** @returns {Ratio[]} medians of the rounds, and their ratio */
export function toRatios(/** @type {import('./singles.mjs').SinglesResult} */ singles, batches, flood) {
  const ingest = medianRate(batches.ingest);
  return [
    ratio('single_http', medianRate(singles.ours), medianRate(singles.express), 0.5),
    ratio('single_node', medianRate(singles.ours), medianRate(singles.node), 0.15),
    ratio('batch_vs_copy', ingest, medianRate(batches.copy), 0.5),
    ratio('drain_vs_ingest', medianRate(batches.drain), ingest, 1),
    ratio('seed_headline', ingest, SEED_HEADLINE, 20),
    ...(flood.quiet.length === 0 ? [] : [costOfFlood(flood)]),
  ];
}

const medianRate = (rounds) => median(rounds.map(({ perSecond }) => perSecond));

const costOfFlood = ({ quiet, flooded }) => slowdown('key_flood', quiet, flooded);

/** @param {import('./hostile.mjs').HostileResult} result @returns {Ratio} */
export const toHostileRatio = ({ quiet, hostile }) => slowdown('hostile', quiet, hostile);

/** @param {import('./retention.mjs').RetentionResult} result @returns {Ratio} */
export const toRetentionRatio = ({ quiet, busy }) => slowdown('retention', quiet, busy);

/** @param {import('./retention.mjs').RetentionResult} result */
export function toRetentionFacts({ removed, seconds, perSecond, longestLockMs, bytesBefore, bytesAfter }) {
  return {
    removed,
    seconds: round(seconds),
    events_per_second_beside: perSecond,
    longest_lock_ms: round(longestLockMs),
    bytes_before: bytesBefore,
    bytes_after: bytesAfter,
  };
}

/** p99 of good events under attack next to p99 without, in milliseconds. @returns {Ratio} */
function slowdown(name, quiet, attacked) {
  const [ours, reference] = [attacked, quiet].map((rounds) => median(rounds.map(({ p99_ms }) => p99_ms)));
  const figures = { ours: round(ours, 1), reference: round(reference, 1) };
  return { name, value: round(ours / reference, 2), goal: 2, higher_is_better: false, ...figures };
}

/** p99 of the time between two messages next to the second it should be. @returns {Ratio} */
export function toLiveRatio({ p99 }) {
  const ours = round(p99);
  return { name: 'live_gap', value: round(p99 / 1_000, 3), goal: 1.5, higher_is_better: false, ours, reference: 1_000 };
}

/** @returns {Ratio} */
function ratio(name, ours, reference, goal) {
  const value = round(ours / reference, 3);
  return { name, value, goal, higher_is_better: true, ours: round(ours), reference: round(reference) };
}

/** What is worth knowing besides the ratios. @param {{apiStartMs: number, memory: import('./memory.mjs').MemoryWatch}} process */
export function toFacts(singles, batches, { apiStartMs, memory }) {
  const latency = (name) => ({
    p50_ms: round(median(singles[name].map(({ p50_ms }) => p50_ms)), 1),
    p99_ms: round(median(singles[name].map(({ p99_ms }) => p99_ms)), 1),
  });
  const memoryOf = (name) => ({ idle_mb: round(memory.idle.get(name)), most_mb: round(memory.most.get(name)) });
  return {
    api_start_ms: round(apiStartMs),
    memory: { api: memoryOf('api'), worker: memoryOf('worker') },
    latency: { ours: latency('ours'), express: latency('express'), node: latency('node') },
    load_cpu_share: round(Math.max(...singles.node.map(({ cpuShare }) => cpuShare)), 2),
    cpu_us: {
      single: medianCpu(singles.ours, ['api', 'postgres', 'worker']),
      single_express: medianCpu(singles.express, ['nest-express']),
      single_node: medianCpu(singles.node, ['node-http']),
      batch: medianCpu(batches.ingest, ['api', 'postgres']),
      copy: medianCpu(batches.copy, ['postgres']),
    },
    rounds: { single_requests: mapValues(singles, rates), batch_events: mapValues(batches, rates) },
  };
}

/** Medians of what each process used per event. */
function medianCpu(rounds, names) {
  return Object.fromEntries(names.map((name) => [name, round(median(rounds.map(({ cpu }) => cpu[name])), 1)]));
}

const rates = (rounds) => rounds.map(({ perSecond }) => round(perSecond));

const mapValues = (object, map) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
