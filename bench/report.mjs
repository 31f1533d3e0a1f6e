import { availableParallelism, cpus, totalmem } from 'node:os';
import { ANALYTICS_UNITS, describeAnalytics } from './analytics/results.mjs';
import { CLICKHOUSE_UNITS, describeClickHouse } from './clickhouse/results.mjs';
import { round } from './statistics.mjs';
import { sleep } from './waiting.mjs';

const UNITS = {
  single_http: ['requests/s', 'bare Nest + Express'],
  single_node: ['requests/s', 'bare node:http'],
  ordinary_route: ['requests/s', 'bare Nest + Express'],
  batch_vs_copy: ['events/s', 'COPY'],
  drain_vs_ingest: ['events/s', 'batch ingest'],
  seed_headline: ['events/s', '1,000 events/s'],
  key_flood: ['ms', 'ms p99, no flood'],
  live_gap: ['ms', 'ms p99, a second'],
  hostile: ['ms', 'ms p99, no attack'],
  retention: ['ms', 'ms p99, nothing removed'],
  old_requests: ['bytes', 'what may grow old'],
  old_queries: ['bytes', 'what may grow old'],
  key_timing: ['|t|', 'of a difference'],
  ...ANALYTICS_UNITS,
  ...CLICKHOUSE_UNITS,
};

const NOTES = [
  'Medians of interleaved rounds on one machine, load generator included; fsync and synchronous_commit are on.',
  'single: 64 keep-alive connections, one durable event per request, ids all different; our worker runs too.',
  'ordinary_route: GET /auth/info over 64 connections, by autocannon; whole milliseconds.',
  'batch: 500 events per request over 8 connections; no worker runs meanwhile.',
  'COPY: the same rows in text format, one client per core, a commit every 500 rows, into a table with the columns and',
  '  indexes of events but no ledger of ids, no batches and nothing checked.',
  'key_flood: p99 of 100 events a second while 300 requests a second come with bad keys, next to p99 without them.',
  'hostile: p99 of 100 events a second while 2 requests a second without a valid key come with bodies made to be slow to',
  '  inflate or to parse, at every kind of address, next to p99 without them.',
  'key_timing: t of refusals of keys whose prefix is in use and is not; beyond the reference they differ.',
  'old_requests, old_queries: bytes of one that V8 has to keep among its old objects; ADR 25.',
  'drain: the worker alone over what the batches left, from its first claim until nothing waits, PostgreSQL queue.',
  'live: the time between two messages at each of 200 sockets over ten keys, while 100 events a second come in;',
  '  50 more read the audit log, 30 entries a second for a minute, in which the worker is started anew.',
  'analytics: 35 days of an invented shop, loaded by COPY; one query at a time, each for another range or user.',
  '  plain SQL: the same written by hand on the same tables; ingest_beside: 100 events a second beside heavy queries.',
  'clickhouse: the same data set in both engines, one API with and one without CLICKHOUSE_URL, asked in turn; the engine',
  '  is that of the npm package chdb, with all cores.',
];

export function describeMachine(/** @type {string} */ postgres) {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: round(totalmem() / 2 ** 30, 1),
    node: process.versions.node,
    postgres,
  };
}

/** How much of the machine is in use just now, from 0 to 1. */
export async function busyShare() {
  const before = readCpuTimes();
  await sleep(1_000);
  const after = readCpuTimes();
  return round(1 - (after.idle - before.idle) / (after.total - before.total), 2);
}

function readCpuTimes() {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return { idle: sum(times.map(({ idle }) => idle)), total: sum(times.flatMap((time) => Object.values(time))) };
}

/** @param {{machine: object, ratios: import('./results.mjs').Ratio[], facts: object}} report */
export function toText({ machine, ratios, facts }) {
  const { cpu, cores, memory_gb, node, postgres } = machine;
  return [
    `${cpu}, ${cores} cores, ${memory_gb} GB, Node ${node}, PostgreSQL ${postgres}`,
    '',
    alignColumns([['name', 'ours', 'reference', '', 'ratio', 'goal', ''], ...ratios.map(toRow)]),
    '',
    ...describeFacts(facts),
    '',
    ...NOTES,
  ].join('\n');
}

/** @param {import('./results.mjs').Ratio} ratio */
function toRow({ name, value, goal, higher_is_better, ours, reference }) {
  const [unit, what] = UNITS[name];
  const isReached = higher_is_better ? value >= goal : value <= goal;
  const verdict = goal === null ? '' : isReached ? 'reached' : 'MISSED';
  const asked = goal === null ? 'none' : `${higher_is_better ? '≥' : '≤'} ${goal}`;
  return [name, `${thousands(ours)} ${unit}`, thousands(reference), what, value.toFixed(2), asked, verdict];
}

function describeFacts(facts) {
  return [
    ...(facts.latency === undefined ? [] : describeIngest(facts)),
    ...(facts.route === undefined ? [] : [describeRoute(facts.route)]),
    ...(facts.retention === undefined ? [] : [describeRetention(facts.retention)]),
    ...(facts.live === undefined ? [] : [describeLive(facts.live)]),
    ...(facts.analytics ?? []).flatMap(describeAnalytics),
    ...(facts.clickhouse ?? []).flatMap(describeClickHouse),
    describeOtherLoad(facts.other_load),
    describeSpeed(facts.speed),
  ];
}

const describeOtherLoad = ({ before, after }) =>
  `other programs     used ${percent(before)} of the machine before the run, ${percent(after)} after it`;

const describeSpeed = ({ least_ms, most_ms }) =>
  `the machine itself took ${least_ms} to ${most_ms} ms for one and the same piece of work during the run`;

const describeRoute = ({ ours, express }) =>
  `ordinary route     p50 / p99 ${ours.p50_ms} / ${ours.p99_ms} ms, ${ours.cpu_us} µs of CPU; Nest + Express ${express.p50_ms} / ${express.p99_ms} ms, ${express.cpu_us} µs`;

const describeLive = ({ sockets, p50, p99, max, total, logReaders, entries, grownMegabytes }) =>
  `live               ${sockets} sockets: ${round(p50)} ms between messages, p99 ${round(p99)}, at most ${round(max)}; all say ${thousands(total)} events, as REST; ${logReaders} readers of the audit log got ${thousands(entries)} entries each, once and in order; the API grew by ${round(grownMegabytes)} MiB`;

function describeIngest({ api_start_ms, memory, latency, load_cpu_share, cpu_us, rounds }) {
  const ms = ({ p50_ms, p99_ms }) => `${p50_ms} / ${p99_ms} ms`;
  const megabytes = ({ idle_mb, most_mb }) => `${idle_mb} MB idle, ${most_mb} MB at most`;
  const spread = (values) => `${thousands(Math.min(...values))} to ${thousands(Math.max(...values))}`;
  const parts = (used) =>
    Object.entries(used)
      .map(([name, us]) => `${name} ${us}`)
      .join(', ');
  const sum = (used) => Object.values(used).reduce((total, us) => total + us, 0);
  const { single_requests, batch_events } = rounds;
  return [
    `single p50 / p99   ours ${ms(latency.ours)}, Nest + Express ${ms(latency.express)}, node:http ${ms(latency.node)}`,
    `resident memory    API ${megabytes(memory.api)}; worker ${megabytes(memory.worker)}`,
    `API start          ready after ${thousands(api_start_ms)} ms`,
    `CPU per event      single: ${parts(cpu_us.single)} (Nest + Express ${sum(cpu_us.single_express)}, node:http ${sum(cpu_us.single_node)}) µs; batch: ${parts(cpu_us.batch)} (COPY ${sum(cpu_us.copy)}) µs`,
    `rounds, requests/s ours ${spread(single_requests.ours)}, Nest + Express ${spread(single_requests.express)}, node:http ${spread(single_requests.node)}`,
    `rounds, events/s   ingest ${spread(batch_events.ingest)}, drain ${spread(batch_events.drain)}, COPY ${spread(batch_events.copy)}`,
    `load generator     ${percent(load_cpu_share)} of a core at most, against node:http`,
  ];
}

const percent = (share) => `${Math.round(share * 100)} %`;
const thousands = (value) => value.toLocaleString('en-US');

/** Names to the left, figures to the right. */
function alignColumns(/** @type {string[][]} */ rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isText = (column) => [0, 3, 6].includes(column);
  const align = (text, column) => (isText(column) ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}

const describeRetention = (facts) =>
  `retention: ${facts.removed} events left in ${facts.seconds} s beside ${facts.events_per_second_beside} events/s; ` +
  `no exclusive lock longer than ${facts.longest_lock_ms} ms; ` +
  `${Math.round(facts.bytes_before / 2 ** 20)} → ${Math.round(facts.bytes_after / 2 ** 20)} MiB`;
