/** What the Socket.IO namespaces send; see docs/live-metrics.md. They are no part of openapi.yaml. */
export interface Metrics {
  ts: string;
  tenant_id: string;
  window_s: number;
  accepted_per_s: number;
  processed_per_s: number;
  failed_per_s: number;
  total_events: number;
  by_type: Record<string, number>;
  from: string;
  to: string;
  latency_ms: { p50: number | null; p95: number | null; p99: number | null };
  pending_events: number;
}

export type Acknowledgement = { ok: true } | { ok: false; status: number; error: string };
