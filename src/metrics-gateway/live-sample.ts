import { rangeOf } from '../platform/http/range.dto.js';
import { type Histogram, mergeHistograms, quantileOf } from '../analytics/rollups/latency-histogram.js';
import type { LiveCounts } from '../analytics/rollups/live-counts.repository.js';
import { type TimeRange, toIso } from '../platform/time/time.js';

/** Whose numbers a room gets: a tenant's, or those of one client of it. */
export interface Target {
  readonly tenantId: string;
  readonly clientId: string | null;
}

/** The body of `metrics`. */
export interface MetricsMessage {
  ts: string;
  tenant_id: string;
  client_id: string | null;
  /** Seconds that the rates are taken over; 0 in the first message of a tenant that nobody watched before. */
  window_s: number;
  accepted_per_s: number;
  processed_per_s: number;
  failed_per_s: number;
  /** Processed events with event_time in [from, to), and the same by type. */
  total_events: number;
  by_type: Record<string, number>;
  from: string;
  to: string;
  /** Of what was processed in this minute and the one before; null when there was nothing. */
  latency_ms: { p50: number | null; p95: number | null; p99: number | null };
  pending_events: number;
}

/** Running totals; only their differences mean something. */
interface Totals {
  processed: number;
  failed: number;
  accepted: number;
}

/** What is kept of a tenant for a few seconds, to take rates from. */
export interface Moment {
  /** Of the steady clock, in milliseconds. */
  readonly at: number;
  readonly ended: LiveCounts['ended'];
  readonly pending: number;
  readonly waiting: LiveCounts['waiting'];
}

/** A tenant's numbers as they were last read. */
export interface Sample {
  readonly moment: Moment;
  readonly timestamp: number;
  readonly range: TimeRange;
  readonly counts: LiveCounts;
  /** Whether waiting events were asked for by client. */
  readonly isAttributed: boolean;
}

/** The commonest are enough for a chart; whoever sends a new type with each event cannot make messages grow with it. */
const MAX_TYPES = 500;

/** @param before the moment that rates are taken from */
export function toMessage(target: Target, sample: Sample, before: Moment): MetricsMessage {
  const { moment, counts, range } = sample;
  const seconds = (moment.at - before.at) / 1_000;
  const [now, then] = [totalsOf(target, moment), totalsOf(target, before)];
  // Retention and recounts may lower a total.
  const rate = (name: keyof Totals) => (seconds > 0 ? round(Math.max(0, now[name] - then[name]) / seconds, 2) : 0);
  const byType = countByType(counts.counts.filter(([client]) => isOf(target, client)));
  return {
    ts: toIso(sample.timestamp),
    tenant_id: target.tenantId,
    client_id: target.clientId,
    window_s: round(seconds, 3),
    accepted_per_s: rate('accepted'),
    processed_per_s: rate('processed'),
    failed_per_s: rate('failed'),
    total_events: byType.reduce((sum, [, count]) => sum + count, 0),
    by_type: Object.fromEntries(byType.slice(0, MAX_TYPES)),
    ...rangeOf(range),
    latency_ms: latencyOf(counts.latencies.filter(([client]) => isOf(target, client))),
    pending_events: pendingOf(target, moment),
  };
}

const isOf = (target: Target, clientId: string) => target.clientId === null || target.clientId === clientId;

/** What was accepted has ended or waits, and both come from one snapshot. */
function totalsOf(target: Target, moment: Moment): Totals {
  const totals = { processed: 0, failed: 0, accepted: pendingOf(target, moment) };
  for (const [client, processed, failed] of moment.ended) {
    if (!isOf(target, client)) continue;
    totals.processed += processed;
    totals.failed += failed;
    totals.accepted += processed + failed;
  }
  return totals;
}

function pendingOf(target: Target, { pending, waiting }: Moment): number {
  if (target.clientId === null) return pending;
  return waiting.find(([client]) => client === target.clientId)?.[1] ?? 0;
}

/** Most frequent first. */
function countByType(counts: LiveCounts['counts']): [eventType: string, count: number][] {
  const sums = new Map<string, number>();
  for (const [, eventType, count] of counts) sums.set(eventType, (sums.get(eventType) ?? 0) + count);
  return [...sums].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function latencyOf(latencies: LiveCounts['latencies']): MetricsMessage['latency_ms'] {
  const bins = latencies.map(([, histogram]) => Object.entries(histogram));
  const merged = mergeHistograms(bins.map((counts) => new Map(counts.map(([bin, count]) => [Number(bin), count]))));
  return { p50: percentile(merged, 0.5), p95: percentile(merged, 0.95), p99: percentile(merged, 0.99) };
}

function percentile(histogram: Histogram, quantile: number): number | null {
  const value = quantileOf(histogram, quantile);
  return value === null ? null : round(value, 3);
}

const round = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;
