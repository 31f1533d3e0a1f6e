export type Attributes = Record<string, string | number>;

/** A piece of work, as OpenTelemetry describes it. */
export interface Step {
  name: string;
  kind: 'server' | 'internal' | 'producer' | 'consumer';
  attributes?: Attributes;
}

export interface Span {
  /** To hand on; undefined when this trace is not sampled. */
  readonly traceparent: string | undefined;
  end(outcome: { hasFailed: boolean; name?: string; attributes?: Attributes }): void;
}

/** What sends spans away; otlp-tracer.ts is the one there is. */
export interface Tracer {
  start(step: Step, traceparent: unknown): Span;
  stop(): Promise<void>;
}
