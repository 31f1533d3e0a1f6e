import { keyValues, oneOf, share, text, url } from './settings.js';

/** As OpenTelemetry names them. */
export const SAMPLERS = [
  'parentbased_traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'traceidratio',
  'always_on',
  'always_off',
] as const;

/** The settings of traces; names and values are those of OpenTelemetry's specification. */
export const TRACING_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:'], {
    example: 'http://localhost:4318',
    description:
      'Collector that API and worker send traces to, by OTLP/HTTP in JSON below /v1/traces. Empty means none are made.',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: keyValues({
    isSecret: true,
    example: 'authorization=Bearer%20secret',
    description: 'Headers for the collector: name=value with commas between, values percent-encoded.',
  }),
  OTEL_SERVICE_NAME: text({
    example: 'tidemark',
    description: 'Name of this process in traces. Unless set: tidemark-api and tidemark-worker.',
  }),
  OTEL_RESOURCE_ATTRIBUTES: keyValues({
    example: 'deployment.environment.name=staging',
    description: 'What is told of this process with its traces: name=value with commas between, percent-encoded.',
  }),
  OTEL_TRACES_SAMPLER: oneOf(SAMPLERS, {
    default: 'parentbased_traceidratio',
    description:
      'Which requests are traced. With parentbased_… those whose traceparent says so, and of the others all (always_on), none (always_off) or a share (traceidratio); without it, traceparent decides nothing.',
  }),
  OTEL_TRACES_SAMPLER_ARG: share({
    default: 1,
    description: 'The share, from 0 to 1, for the samplers with traceidratio.',
  }),
} as const;

export type OptionalTracingSetting =
  'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_SERVICE_NAME' | 'OTEL_RESOURCE_ATTRIBUTES';
