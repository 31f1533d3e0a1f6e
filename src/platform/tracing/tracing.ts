import type { OnApplicationShutdown } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.js';
import { withTimeout } from '../scheduling/with-timeout.js';
import type { Span, Step, Tracer } from './tracer.js';

const NONE: readonly string[] = [];
/** A collector that is away must not hold up the end of a process. */
const STOP_MS = 2_000;

/**
 * Traces of OpenTelemetry, when OTEL_EXPORTER_OTLP_ENDPOINT says where to send them; else every call goes straight to
 * the work, and no code of OpenTelemetry is loaded.
 */
export class Tracing implements OnApplicationShutdown {
  private readonly current = new AsyncLocalStorage<readonly string[]>();

  /** @param tracer none while traces are off */
  constructor(private readonly tracer?: Tracer) {}

  static async start(config: Config, service: 'tidemark-api' | 'tidemark-worker'): Promise<Tracing> {
    if (config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return new Tracing();
    const { OtlpTracer } = await import('./otlp-tracer.js');
    return new Tracing(new OtlpTracer(config, service));
  }

  get isOn(): boolean {
    return this.tracer !== undefined;
  }

  /** Traceparents of the spans that the caller works in, as far as they are sampled. */
  get parents(): readonly string[] {
    return this.tracer === undefined ? NONE : (this.current.getStore() ?? NONE);
  }

  /** Work that several traces share has a span in each of them. @param parents traceparents, one of each trace */
  async within<T>(step: Step, parents: readonly string[], work: () => Promise<T>): Promise<T> {
    const { tracer } = this;
    if (tracer === undefined) return work();
    const spans = parents.map((parent) => tracer.start(step, parent));
    let hasFailed = true;
    try {
      const result = await this.current.run(sampled(spans), work);
      hasFailed = false;
      return result;
    } finally {
      for (const span of spans) span.end({ hasFailed });
    }
  }

  /** The span of a request. Its address is not told, only the pattern: there may be ids of persons in it. */
  serve(request: IncomingMessage, response: ServerResponse, routeOf: () => string | null, work: () => void): void {
    if (this.tracer === undefined) return work();
    const { method = '', headers } = request;
    const step: Step = { name: method, kind: 'server', attributes: { 'http.request.method': method } };
    const span = this.tracer.start(step, headers.traceparent);
    response.once('close', () => {
      const [route, status] = [routeOf(), response.statusCode];
      span.end({
        hasFailed: status >= 500,
        ...(route === null ? {} : { name: `${method} ${route}` }),
        attributes: {
          ...(response.headersSent ? { 'http.response.status_code': status } : {}), // else the client has hung up
          ...(route === null ? {} : { 'http.route': route }),
        },
      });
    });
    this.current.run(sampled([span]), work);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.tracer === undefined) return;
    await withTimeout(this.tracer.stop(), STOP_MS, 'the last traces were not taken').catch(() => undefined);
  }
}

function sampled(spans: readonly Span[]): readonly string[] {
  return spans.map(({ traceparent }) => traceparent).filter((traceparent) => traceparent !== undefined);
}
