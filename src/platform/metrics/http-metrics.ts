import { Injectable } from '@nestjs/common';
import type { Histogram } from 'prom-client';
import type { LabelOf } from './definitions.js';
import { Metrics } from './metrics.js';

const NAME = 'tidemark_http_request_duration_seconds';
/** What clients can make up is bounded: another method is `other`. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

type Series = Pick<Histogram.Internal<LabelOf<typeof NAME>>, 'observe'>;

/** One histogram over all requests, whichever way they were answered. */
@Injectable()
export class HttpMetrics {
  private readonly durations: Histogram<LabelOf<typeof NAME>>;
  private readonly series = new Map<string, Series>();

  constructor(metrics: Metrics) {
    this.durations = metrics.histogram(NAME);
  }

  /** @param route pattern of the address; null where no route took the request */
  observe(method: string, route: string | null, status: number, milliseconds: number): void {
    const statusClass = status >= 500 ? '5xx' : status >= 400 ? '4xx' : status >= 300 ? '3xx' : '2xx';
    const key = `${method} ${statusClass} ${route}`;
    const known = this.series.get(key) ?? this.add(key, method, route, statusClass);
    known.observe(milliseconds / 1_000);
  }

  private add(key: string, method: string, route: string | null, statusClass: string): Series {
    const series = this.durations.labels({
      method: METHODS.has(method) ? method : 'other',
      route: route ?? 'none',
      status_class: statusClass,
    });
    this.series.set(key, series);
    return series;
  }
}
