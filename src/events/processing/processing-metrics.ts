import type { Counter, Histogram } from 'prom-client';
import type { Metrics } from '../../platform/metrics/metrics.js';
import type { QueuedBatch } from './batches.repository.js';

/** What the counting of batches says of itself. */
export class ProcessingMetrics {
  private readonly batches: Counter<'result'>;
  private readonly events: Counter;
  private readonly durations: Histogram;
  private readonly rollups: Histogram;

  constructor(metrics: Metrics) {
    this.batches = metrics.counter('tidemark_processing_batches_total');
    this.events = metrics.counter('tidemark_processing_events_total');
    this.durations = metrics.histogram('tidemark_processing_duration_seconds');
    this.rollups = metrics.histogram('tidemark_rollup_duration_seconds');
    for (const result of ['processed', 'failed']) this.batches.inc({ result }, 0);
  }

  /** @param since by the steady clock */
  processed(since: number, batches: readonly QueuedBatch[]): void {
    if (batches.length === 0) return;
    this.durations.observe((performance.now() - since) / 1_000);
    this.batches.inc({ result: 'processed' }, batches.length);
    this.events.inc(batches.reduce((sum, batch) => sum + batch.event_count, 0));
  }

  failed(batches: number): void {
    this.batches.inc({ result: 'failed' }, batches);
  }

  async timeRollup<T>(count: () => Promise<T>): Promise<T> {
    const since = performance.now();
    const result = await count();
    this.rollups.observe((performance.now() - since) / 1_000);
    return result;
  }
}
