import { Logger } from '@nestjs/common';
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TracerProvider,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Config } from '../config/config.js';
import { version } from '../config/version.js';
import { RareWarning } from '../logging/rare-warning.js';
import { readTraceparent, writeTraceparent } from './traceparent.js';
import type { Span, Step, Tracer } from './tracer.js';

const KINDS = {
  server: SpanKind.SERVER,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};
const PAUSE_MS = 1_000;

/** Sends spans by OTLP/HTTP. Loaded only where traces are on: it takes 15 MB of memory and half a second. */
export class OtlpTracer implements Tracer {
  private readonly provider: TracerProvider;
  private readonly tracer;

  constructor(config: Config, service: string) {
    tellFaults();
    const exporter = new OTLPTraceExporter({
      url: `${config.OTEL_EXPORTER_OTLP_ENDPOINT!.replace(/\/+$/, '')}/v1/traces`,
      headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    });
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.version': version,
        ...config.OTEL_RESOURCE_ATTRIBUTES,
        'service.name': config.OTEL_SERVICE_NAME ?? config.OTEL_RESOURCE_ATTRIBUTES?.['service.name'] ?? service,
      }),
      sampler: samplerOf(config),
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: PAUSE_MS })],
    });
    this.tracer = this.provider.getTracer('tidemark', version);
  }

  start({ name, kind, attributes = {} }: Step, traceparent: unknown): Span {
    const parent = readTraceparent(traceparent);
    const context =
      parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
    return toSpan(this.tracer.startSpan(name, { kind: KINDS[kind], attributes }, context));
  }

  stop(): Promise<void> {
    return this.provider.shutdown();
  }
}

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share }: Config): Sampler {
  const root = name.endsWith('always_off')
    ? new AlwaysOffSampler()
    : name.endsWith('always_on')
      ? new AlwaysOnSampler()
      : new TraceIdRatioBasedSampler(share);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function toSpan(span: OtelSpan): Span {
  return {
    traceparent: span.isRecording() ? writeTraceparent(span.spanContext()) : undefined,
    end: ({ hasFailed, name, attributes = {} }) => {
      if (name !== undefined) span.updateName(name);
      span.setAttributes(attributes);
      if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Traces that could not be sent are lost, and said to be. */
function tellFaults(): void {
  const warning = new RareWarning(new Logger('Tracing'));
  const warn = (message: string) => warning.warn(`traces: ${message}`);
  const ignore = () => undefined;
  const logger = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
