import { Injectable, type OnModuleInit } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Definition } from './definition.js';
import { type LabelOf, type MetricName, METRICS, type NameOf } from './definitions.js';

/**
 * The metrics of one process. A metric exists once a class of the process has asked for it, so each process exports
 * what it does and no zeros for the work of others. Hot paths keep what `labels()` returns: finding a series by an
 * object of labels takes a microsecond each time.
 */
@Injectable()
export class Metrics implements OnModuleInit {
  private readonly registry = new Registry();
  private readonly readers: (() => Promise<void> | void)[] = [];

  /** Those of Node and of the process itself: event loop, heap, garbage collection, CPU, file descriptors. */
  onModuleInit(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<N extends NameOf<'counter'>>(name: N): Counter<LabelOf<N>> {
    return this.find(name, () => new Counter<LabelOf<N>>(this.describe(name)));
  }

  gauge<N extends NameOf<'gauge'>>(name: N): Gauge<LabelOf<N>> {
    return this.find(name, () => new Gauge<LabelOf<N>>(this.describe(name)));
  }

  histogram<N extends NameOf<'histogram'>>(name: N): Histogram<LabelOf<N>> {
    const { buckets } = METRICS[name];
    return this.find(name, () => new Histogram<LabelOf<N>>({ ...this.describe(name), buckets: [...buckets] }));
  }

  /** Sets gauges just before they are read. @param read bounded in time, and rejects only on a bug */
  beforeScrape(read: () => Promise<void> | void): void {
    this.readers.push(read);
  }

  /** In the text format of Prometheus. */
  async scrape(): Promise<string> {
    await Promise.all(this.readers.map(async (read) => read()));
    return this.registry.metrics();
  }

  /** Of {@link scrape}. */
  get contentType(): string {
    return this.registry.contentType;
  }

  private find<Metric>(name: MetricName, make: () => Metric): Metric {
    return (this.registry.getSingleMetric(name) as Metric | undefined) ?? make();
  }

  private describe<N extends MetricName>(name: N) {
    const { help, labels }: Definition = METRICS[name];
    return { name, help, labelNames: labels as LabelOf<N>[], registers: [this.registry] };
  }
}
