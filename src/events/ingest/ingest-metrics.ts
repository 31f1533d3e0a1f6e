import type { Counter } from 'prom-client';
import type { Metrics } from '../../platform/metrics/metrics.js';
import type { Outcome } from '../parsing/event.js';

interface Buffer {
  /** Of the events that wait. */
  bytes: () => number;
  limit: number;
}

/** What the write path says of itself, once per group commit: nothing is counted for each event or request. */
export class IngestMetrics {
  readonly refused: () => void;
  readonly batches: (count: number) => void;
  private readonly outcomes: Record<Outcome['status'], (count: number) => void>;
  private readonly groups: Record<'ok' | 'failed', () => void>;
  private readonly groupEvents: (count: number) => void;
  private readonly durations: (seconds: number) => void;
  private readonly tenants: Counter<'tenant'> | undefined;

  constructor(metrics: Metrics, buffer: Buffer, perTenant: boolean) {
    const events = metrics.counter('tidemark_ingest_events_total');
    const counting = (outcome: Outcome['status']) => {
      const series = events.labels({ outcome });
      series.inc(0); // a series that begins at 0 shows its first event in a rate
      return (count: number) => series.inc(count);
    };
    this.outcomes = {
      accepted: counting('accepted'),
      duplicate: counting('duplicate'),
      conflict: counting('conflict'),
      rejected: counting('rejected'),
    };
    const groups = metrics.counter('tidemark_ingest_groups_total');
    const [ok, failed] = [groups.labels({ result: 'ok' }), groups.labels({ result: 'failed' })];
    failed.inc(0);
    this.groups = { ok: () => ok.inc(), failed: () => failed.inc() };
    const batches = metrics.counter('tidemark_ingest_batches_total');
    this.batches = (count) => batches.inc(count);
    const refused = metrics.counter('tidemark_ingest_refused_requests_total');
    this.refused = () => refused.inc();
    const [sizes, durations] = [
      metrics.histogram('tidemark_ingest_group_events'),
      metrics.histogram('tidemark_ingest_commit_duration_seconds'),
    ];
    this.groupEvents = (count) => sizes.observe(count);
    this.durations = (seconds) => durations.observe(seconds);
    const [bytes, limit] = [
      metrics.gauge('tidemark_ingest_buffer_bytes'),
      metrics.gauge('tidemark_ingest_buffer_limit_bytes'),
    ];
    limit.set(buffer.limit);
    metrics.beforeScrape(() => bytes.set(buffer.bytes()));
    this.tenants = perTenant ? metrics.counter('tidemark_tenant_ingest_events_total') : undefined;
  }

  /** @param since by the steady clock */
  committed(since: number, outcomes: readonly Outcome[]): void {
    this.durations((performance.now() - since) / 1_000);
    this.groupEvents(outcomes.length);
    this.groups.ok();
    let accepted = 0;
    for (const { status } of outcomes) {
      if (status === 'accepted') accepted += 1;
      else this.outcomes[status](1);
    }
    if (accepted > 0) this.outcomes.accepted(accepted);
  }

  failed(): void {
    this.groups.failed();
  }

  /** Events of one request, where somebody asked for metrics by tenant. */
  ofTenant(tenantId: string, outcomes: readonly Outcome[]): void {
    if (this.tenants === undefined) return;
    const accepted = outcomes.filter(({ status }) => status === 'accepted').length;
    if (accepted > 0) this.tenants.inc({ tenant: tenantId }, accepted);
  }
}
