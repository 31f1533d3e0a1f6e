import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { badRequest } from '../../platform/http/problem.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import { DAY_MS, MINUTE_MS, type TimeRange, toIso } from '../../platform/time/time.js';
import { bothOf, equal } from '../filters/filter.js';
import { EventStore } from '../event-store/event-store.js';
import { UnseenProperties } from '../event-store/unseen-properties.js';
import { SegmentFilters } from '../segments/segment-filters.js';
import type {
  BreakdownQuery,
  BreakdownResponse,
  EventCountsQuery,
  EventsByClientAndTypeResponse,
  EventsByTypeResponse,
  LatencyResponse,
  ProcessingMetricsQuery,
  ProcessingMetricsResponse,
  TimeseriesQuery,
  TimeseriesResponse,
} from './analytics.dto.js';
import { ActiveSubjectsRepository } from './active-subjects.repository.js';
import { requireBuckets, suitableInterval } from '../time/buckets.js';
import { EventCountsRepository } from './event-counts.repository.js';
import { mergeHistograms, quantileOf } from '../rollups/latency-histogram.js';
import { type ProcessingBucket, ProcessingMetricsRepository } from './processing-metrics.repository.js';
import { fillSeries } from './series.js';

/** Buckets × series of one answer. */
const MAX_POINTS = 100_000;
/** Distinct users or sessions are counted bucket by bucket. */
const MAX_SUBJECT_BUCKETS = 100;

@Injectable()
export class AnalyticsService {
  constructor(
    private readonly database: Database,
    private readonly counts: EventCountsRepository,
    private readonly processing: ProcessingMetricsRepository,
    private readonly events: EventStore,
    private readonly subjects: ActiveSubjectsRepository,
    private readonly unseen: UnseenProperties,
    private readonly segments: SegmentFilters,
  ) {}

  async countByType(tenantId: string, query: EventCountsQuery): Promise<EventsByTypeResponse> {
    const range = toTimeRange(query);
    const data = await this.database.readOnReplica(tenantId, (sql) =>
      this.counts.listByType(sql, tenantId, range, query),
    );
    const total = data.reduce((sum, { count }) => sum + count, 0);
    return { ...rangeOf(range), total, data };
  }

  async countByClientAndType(tenantId: string, query: EventCountsQuery): Promise<EventsByClientAndTypeResponse> {
    const range = toTimeRange(query);
    const data = await this.database.readOnReplica(tenantId, (sql) =>
      this.counts.listByClientAndType(sql, tenantId, range, query),
    );
    return { ...rangeOf(range), data };
  }

  async getTimeseries(tenantId: string, query: TimeseriesQuery): Promise<TimeseriesResponse> {
    const range = toTimeRange(query);
    const { tz, group_by: group, interval = suitableInterval(range) } = query;
    const starts = requireBuckets(range, interval, tz);
    if (query.measure === 'users' || query.measure === 'sessions')
      return this.countSubjects(tenantId, range, query, interval, starts);
    const rows = await this.database.readOnReplica(tenantId, (sql) =>
      this.counts.listByBucket(sql, tenantId, range, starts, query, group),
    );
    const groups = new Set(rows.map((row) => row.group)).size;
    if (groups * starts.length > MAX_POINTS) {
      throw badRequest(
        `${groups} series of ${starts.length} buckets are more than ${MAX_POINTS} points. Ask for a longer interval, a shorter range or one event_type.`,
        [{ path: 'group_by', message: `gives more than ${MAX_POINTS} points` }],
      );
    }
    return { ...rangeOf(range), interval, tz, data: fillSeries(starts, rows, group) };
  }

  /** Distinct users or sessions of each bucket, from the rows per day, which have neither type nor client. */
  private async countSubjects(
    tenantId: string,
    range: TimeRange,
    { measure, tz, group_by, event_type, client_id }: TimeseriesQuery,
    interval: TimeseriesResponse['interval'],
    starts: readonly number[],
  ): Promise<TimeseriesResponse> {
    if (group_by !== undefined || event_type !== undefined || client_id !== undefined) {
      throw badRequest(
        `measure=${measure} counts all events; it cannot be combined with group_by, event_type or client_id.`,
      );
    }
    if (starts.length > MAX_SUBJECT_BUCKETS) {
      throw badRequest(
        `measure=${measure} takes at most ${MAX_SUBJECT_BUCKETS} buckets; these are ${starts.length}. Ask for a longer interval or a shorter range.`,
        [{ path: 'interval', message: `gives more than ${MAX_SUBJECT_BUCKETS} buckets` }],
      );
    }
    const subject = measure === 'users' ? 'user' : 'session';
    const data = await this.database.readOnReplica(tenantId, async (sql) => {
      const points: TimeseriesResponse['data'] = [];
      for (const [n, start] of starts.entries()) {
        const bucket = { from: Math.max(start, range.from), to: Math.min(starts[n + 1] ?? range.to, range.to) };
        const { count } = await this.subjects.countDistinct(sql, subject, tenantId, bucket);
        points.push({ bucket: toIso(start), count });
      }
      return points;
    });
    return { ...rangeOf(range), interval, tz, data };
  }

  async getProcessingMetrics(tenantId: string, query: ProcessingMetricsQuery): Promise<ProcessingMetricsResponse> {
    const range = wholeMinutes(processingRange(query));
    const { tz, interval = suitableInterval(range) } = query;
    const starts = requireBuckets(range, interval, tz);
    return this.database.readOnReplica(tenantId, async (sql) => {
      const [buckets, pending] = await Promise.all([
        this.processing.listByBucket(sql, tenantId, range, starts, query.client_id),
        this.processing.countPending(sql, tenantId),
      ]);
      return {
        ...rangeOf(range),
        processed: buckets.reduce((sum, { processed }) => sum + processed, 0),
        failed: buckets.reduce((sum, { failed }) => sum + failed, 0),
        pending,
        latency_ms: describeLatency(buckets),
        interval,
        series: fillProcessing(starts, buckets),
      };
    });
  }

  async getBreakdown(tenantId: string, query: BreakdownQuery): Promise<BreakdownResponse> {
    const range = toTimeRange(query);
    const { property, event_type, client_id, limit, sampling } = query;
    const filters = await this.segments.filterOf(tenantId, query);
    const filter = bothOf(...equal({ event_type, client_id }), filters);
    const found = await this.events.listTopValues(tenantId, range, { property, filter, limit, sampling });
    const unseen = found.total === 0 ? await this.unseen.describe(tenantId, range, filters) : {};
    return { ...rangeOf(range), property, property_seen: found.total > 0, ...found, ...unseen };
  }
}

function processingRange({ days, from, to }: ProcessingMetricsQuery) {
  if (days === undefined) return toTimeRange({ ...(from && { from }), ...(to && { to }) });
  if (from !== undefined || to !== undefined) {
    throw badRequest('Give days, or from and to, not both.', [
      { path: 'days', message: 'cannot be combined with from and to' },
    ]);
  }
  const now = Date.now();
  return { from: now - days * DAY_MS, to: now };
}

const wholeMinutes = ({ from, to }: { from: number; to: number }) => ({
  from: Math.floor(from / MINUTE_MS) * MINUTE_MS,
  to: Math.ceil(to / MINUTE_MS) * MINUTE_MS,
});

function fillProcessing(starts: readonly number[], buckets: readonly ProcessingBucket[]) {
  const found = new Map(buckets.map((bucket) => [bucket.n, bucket]));
  return starts.map((start, index) => {
    const bucket = found.get(index + 1);
    return {
      bucket: toIso(start),
      processed: bucket?.processed ?? 0,
      failed: bucket?.failed ?? 0,
      latency_ms: describeLatency(bucket === undefined ? [] : [bucket]),
    };
  });
}

function describeLatency(buckets: readonly ProcessingBucket[]): LatencyResponse {
  if (buckets.length === 0) return { avg: null, min: null, max: null, p50: null, p95: null, p99: null };
  const histogram = mergeHistograms(buckets.map((bucket) => bucket.histogram));
  const min = Math.min(...buckets.map(({ minMs }) => minMs));
  const max = Math.max(...buckets.map(({ maxMs }) => maxMs));
  const count = buckets.reduce((sum, { processed, failed }) => sum + processed + failed, 0);
  const rounded = (ms: number) => Math.round(ms * 1000) / 1000;
  // The middle of the outermost bins may be just outside the values in them.
  const quantile = (q: number) => rounded(Math.min(Math.max(quantileOf(histogram, q) ?? min, min), max));
  return {
    avg: rounded(buckets.reduce((sum, { sumMs }) => sum + sumMs, 0) / count),
    min: rounded(min),
    max: rounded(max),
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  };
}
